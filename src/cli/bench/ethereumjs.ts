/** EthereumJS as a peer: `runCode` of @ethereumjs/evm, where it is installed. */

export interface EthereumJs {
  call(
    code: Uint8Array,
    input: Uint8Array,
  ): Promise<{ readonly ms: number; readonly output: string }>;
}

const GAS = 1_000_000_000_000n;

/** Undefined where the packages are not installed. */
export async function loadEthereumJs(): Promise<EthereumJs | undefined> {
  let evm: typeof import('@ethereumjs/evm');
  let common: typeof import('@ethereumjs/common');
  try {
    evm = await import('@ethereumjs/evm');
    common = await import('@ethereumjs/common');
  } catch {
    return undefined;
  }
  return {
    call: async (code, input) => {
      const chain = new common.Common({ chain: common.Mainnet, hardfork: common.Hardfork.Osaka });
      const machine = await evm.createEVM({ common: chain });
      const { createAddressFromString, Account } = await import('@ethereumjs/util');
      const to = createAddressFromString(`0x${'c0de'.padStart(40, '0')}`);
      const caller = createAddressFromString(`0x${'ca11'.padStart(40, '0')}`);
      await machine.stateManager.putAccount(to, new Account());
      await machine.stateManager.putCode(to, code);
      const start = performance.now();
      const result = await machine.runCall({ caller, to, data: input, gasLimit: GAS });
      const ms = performance.now() - start;
      return { ms, output: `0x${result.execResult.returnValue.toHex()}` };
    },
  };
}
