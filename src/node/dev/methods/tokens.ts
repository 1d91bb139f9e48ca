/**
 * Balances and allowances of ERC-20 tokens, set by hand. Where a token keeps them is found by
 * asking it: each slot that `balanceOf` reads is tried with a number that nobody has.
 */

import { selectorOf } from '../../../evm/solidity/abi.ts';
import type { Address } from '../../../evm/types.ts';
import { blockState } from '../../execution/block-state.ts';
import { RpcError } from '../../rpc/errors.ts';
import { type MethodTable, method } from '../../rpc/method.ts';
import { LATEST, readAddress } from '../../rpc/values.ts';
import type { DevNode } from '../dev-node.ts';
import { named } from './aliases.ts';
import { readLooseWord } from './values.ts';

/** Slots that are tried. */
const SLOTS_MAX = 64;
const CALL_GAS = 10_000_000n;
const CALL_MS = 2_000;
const PROBE = 0x1234_5678_9abc_def0_1234_5678n;

interface Question {
  readonly token: Address;
  /** Of the call whose answer is to be the number. */
  readonly data: Uint8Array;
}

/** @throws RpcError where no slot decides alone what the token answers */
async function setAnswer(node: DevNode, question: Question, value: bigint): Promise<void> {
  const { standing } = await blockState(node, LATEST);
  const { machines, dev } = node;
  const lease = await machines.acquire(standing);
  try {
    const { token: to, data } = question;
    const limits = { gas: CALL_GAS, timeoutMs: CALL_MS };
    const asked = await lease.evm.call({ ...limits, to, data, accesses: true });
    const accounts = asked.status === 'refused' ? undefined : asked.accesses?.accounts;
    const slots = [...(accounts ?? [])].flatMap(([address, { slots: read }]) =>
      [...read.keys()].map((slot) => [address, slot] as const),
    );
    for (const [address, slot] of slots.slice(0, SLOTS_MAX)) {
      const overrides = { [address]: { stateDiff: new Map([[slot, PROBE]]) } };
      const probed = await lease.evm.call({ ...limits, to, data, overrides });
      if (probed.status !== 'success' || probed.output.length !== 32) continue;
      if (BigInt(`0x${probed.output.toHex()}`) !== PROBE) continue;
      await dev.chain.edit(address, { slots: new Map([[slot, value]]) });
      return;
    }
  } finally {
    lease.release();
  }
  const message = `no slot of ${question.token} was found that holds it alone`;
  throw new RpcError('server error', `Unable to find storage slot: ${message}`);
}

function callData(signature: string, addresses: readonly Address[]): Uint8Array {
  const words = addresses.map((address) => address.slice(2).padStart(64, '0'));
  return Uint8Array.fromHex(`${selectorOf(signature)}${words.join('')}`);
}

const dealErc20 = method(
  [readAddress, readAddress, readLooseWord],
  async (node: DevNode, [holder, token, value]) => {
    await setAnswer(node, { token, data: callData('balanceOf(address)', [holder]) }, value);
    return null;
  },
);

export const devTokenMethods: MethodTable<DevNode> = {
  ...named(['anvil', 'hardhat'], { dealERC20: dealErc20 }),
  anvil_setERC20Balance: dealErc20,
  anvil_setERC20Allowance: method(
    [readAddress, readAddress, readAddress, readLooseWord],
    async (node: DevNode, [owner, spender, token, value]) => {
      const data = callData('allowance(address,address)', [owner, spender]);
      await setAnswer(node, { token, data }, value);
      return null;
    },
  ),
};
