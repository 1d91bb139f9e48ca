/** EthereumJS as a peer: `runCall` of @ethereumjs/evm, where it is installed. */
import { CALL_GAS, CALLER, type Workload } from './workload.ts';

export interface EthereumJs {
  /** Milliseconds of one call in a machine of its own, and its output. */
  call(workload: Workload): Promise<{ readonly ms: number; readonly output: string }>;
}

/** Undefined where the packages are not installed. */
export async function loadEthereumJs(): Promise<EthereumJs | undefined> {
  let evm: typeof import('@ethereumjs/evm');
  let common: typeof import('@ethereumjs/common');
  let util: typeof import('@ethereumjs/util');
  try {
    evm = await import('@ethereumjs/evm');
    common = await import('@ethereumjs/common');
    util = await import('@ethereumjs/util');
  } catch {
    return undefined;
  }
  const { Account, createAddressFromString, setLengthLeft } = util;
  const word = (value: bigint) =>
    setLengthLeft(Uint8Array.fromHex(value.toString(16).padStart(64, '0')), 32);
  return {
    call: async ({ accounts, to, input }) => {
      const chain = new common.Common({ chain: common.Mainnet, hardfork: common.Hardfork.Osaka });
      const machine = await evm.createEVM({ common: chain });
      for (const { address, code, nonce, balance, storage } of accounts) {
        const at = createAddressFromString(address);
        await machine.stateManager.putAccount(at, new Account(nonce, balance));
        await machine.stateManager.putCode(at, code);
        for (const [slot, value] of storage) {
          await machine.stateManager.putStorage(at, word(slot), word(value));
        }
      }
      const start = performance.now();
      const result = await machine.runCall({
        caller: createAddressFromString(CALLER),
        to: createAddressFromString(to),
        data: input,
        gasLimit: CALL_GAS,
      });
      const ms = performance.now() - start;
      const { exceptionError, returnValue } = result.execResult;
      if (exceptionError !== undefined) throw new Error(`EthereumJS: ${exceptionError.error}`);
      return { ms, output: `0x${returnValue.toHex()}` };
    },
  };
}
