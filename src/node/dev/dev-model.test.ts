/** A development chain beside a plain model: what was set, sent, mined, and gone back over. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Address } from '../../evm/types.ts';
import { Dispatcher } from '../rpc/dispatch.ts';
import type { Caller } from '../rpc/method.ts';
import { devAccounts } from './accounts.ts';
import { closeDevNode, createDevNode, type DevNode } from './dev-node.ts';
import { devGenesis } from './genesis.ts';
import { devMethods } from './methods/tables.ts';

const accounts = devAccounts(1);
const [sender] = accounts.map(({ address }) => address) as [Address];
const PLACES = [1, 2].map((digit): Address => `0x${`a${digit}`.repeat(20)}`);
const SLOTS = [0, 1];

type Action =
  | { readonly do: 'balance' | 'send'; readonly place: number; readonly value: number }
  | { readonly do: 'slot'; readonly place: number; readonly slot: number; readonly value: number }
  | { readonly do: 'mine' | 'snapshot' }
  | { readonly do: 'revert'; readonly back: number };

const place = fc.integer({ min: 0, max: PLACES.length - 1 });
const value = fc.integer({ min: 0, max: 3 });
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ do: fc.constantFrom('balance', 'send'), place, value }),
  fc.record({ do: fc.constant('slot'), place, slot: fc.constantFrom(...SLOTS), value }),
  fc.record({ do: fc.constantFrom('mine', 'snapshot') }),
  fc.record({ do: fc.constant('revert'), back: fc.integer({ min: 0, max: 3 }) }),
);

/** By place; slots by place and slot. */
interface Plain {
  number: number;
  balances: number[];
  slots: number[];
}

const caller: Caller = {
  signal: new AbortController().signal,
  notify: undefined,
  onClose: () => {},
  connection: {},
};

async function startNode(): Promise<DevNode> {
  const genesis = devGenesis({
    chainId: 31_337n,
    fork: 'osaka',
    gasLimit: 30_000_000n,
    baseFee: 1_000_000_000n,
    timestamp: 1n,
    number: 0n,
    accounts: [sender],
    balance: 10n ** 24n,
    hasCreate2Deployer: false,
  });
  return createDevNode({ genesis, accounts, clientVersion: 'test' });
}

async function run(actions: readonly Action[]): Promise<void> {
  const node = await startNode();
  const dispatcher = new Dispatcher(node, devMethods);
  const ask = (method: string, ...params: readonly unknown[]) =>
    dispatcher.call(method, params, caller);
  const hex = (integer: number) => `0x${integer.toString(16)}`;
  let plain: Plain = { number: 0, balances: [0, 0], slots: [0, 0, 0, 0] };
  let kept: { readonly id: unknown; readonly plain: Plain }[] = [];
  for (const each of actions) {
    const next = structuredClone(plain);
    if (each.do === 'balance') {
      await ask('anvil_setBalance', PLACES[each.place], hex(each.value));
      next.balances[each.place] = each.value;
    } else if (each.do === 'slot') {
      const words = [each.slot, each.value].map(
        (word) => `0x${hex(word).slice(2).padStart(64, '0')}`,
      );
      await ask('anvil_setStorageAt', PLACES[each.place], ...words);
      next.slots[2 * each.place + each.slot] = each.value;
    } else if (each.do === 'send') {
      const to = PLACES[each.place];
      // Never nothing: an account of nothing but slots is cleared when it is touched (EIP-161).
      const sent = each.value + 1;
      await ask('eth_sendTransaction', { from: sender, to, value: hex(sent) });
      next.balances[each.place] = (next.balances[each.place] ?? 0) + sent;
      next.number += 1;
    } else if (each.do === 'mine') {
      await ask('evm_mine');
      next.number += 1;
    } else if (each.do === 'snapshot') {
      kept.push({ id: await ask('evm_snapshot'), plain: structuredClone(plain) });
    } else if (each.do === 'revert') {
      const target = kept.at(-1 - each.back);
      if (target === undefined) continue;
      expect(await ask('evm_revert', target.id)).toBe(true);
      kept = kept.slice(0, kept.indexOf(target));
      plain = structuredClone(target.plain);
      expect(await seen(node)).toEqual(plain);
      continue;
    }
    plain = next;
    expect(await seen(node)).toEqual(plain);
  }
  await closeDevNode(node);
}

async function seen({ ledger }: DevNode): Promise<Plain> {
  const view = await ledger.openView(ledger.head.hash);
  const balances = PLACES.map(async (address) => {
    return Number((await view.getAccount(address))?.balance ?? 0n);
  });
  const slots = PLACES.flatMap((address) =>
    SLOTS.map(async (slot) => Number(await view.getStorage(address, BigInt(slot)))),
  );
  const found = {
    number: Number(ledger.head.header.number),
    balances: await Promise.all(balances),
    slots: await Promise.all(slots),
  };
  view.close();
  return found;
}

test('what is seen is what the model says', async () => {
  await fc.assert(fc.asyncProperty(fc.array(action, { minLength: 8, maxLength: 40 }), run), {
    numRuns: 60,
  });
});
