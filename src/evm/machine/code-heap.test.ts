/** Code objects stay bounded, whoever is called; what is still needed is never freed. */
import { expect, it } from 'vitest';
import { at, call, hex, loop, type Opened, open, word } from '../../../test/opened-machine.ts';
import type { EVMOptions } from '../evm-interface.ts';
import { plainTransaction } from '../plain-transaction.ts';
import type { Account, Address, StateReader } from '../types.ts';

const COUNT = 300;
const CODE_BYTES_MAX = 100_000;
const addressOf = (index: number): Address => at((0xc0de0000 + index).toString(16));
/** Creates a contract of the creation code that it is called with, and returns its address. */
const FACTORY = at('fa');

/** Contracts that return their number after some jumps; most bytes of each are never reached. */
const CODES: Readonly<Record<Address, string>> = Object.fromEntries([
  [FACTORY, '365f5f37365f5ff05f5260205ff3'],
  ...Array.from({ length: COUNT }, (_, index) => [
    addressOf(index),
    loop(5, index) + 'fe'.repeat(2_000),
  ]),
]);

function bounded(options: EVMOptions): Opened {
  return open(CODES, { ...options, compilation: { codeBytesMax: CODE_BYTES_MAX } });
}

function callAll({ evm }: Opened, from = 0): void {
  for (let index = from; index < COUNT; index++) {
    expect(word(call(evm, addressOf(index)))).toBe(index);
    expect(evm.tierStatistics().codeBytes).toBeLessThanOrEqual(CODE_BYTES_MAX);
  }
}

it.each(['interpreter', 'compiler', 'auto'] as const)('are bounded (%s)', (engine) => {
  const opened = bounded({ engine, ...(engine === 'auto' && { hotThreshold: 2 }) });
  callAll(opened);
  callAll(opened);
  expect(opened.evm.tierStatistics().contracts).toBeLessThan(COUNT / 2);
});

it('keeps what is linked', () => {
  const opened = bounded({ engine: 'auto', hotThreshold: 6 });
  const { evm } = opened;
  for (let round = 0; round < 10; round++) call(evm, addressOf(0));
  expect(evm.tierStatistics().contracts).toBe(1);
  callAll(opened, 1);
  expect(evm.tierStatistics().contracts).toBe(1);
  expect(word(call(evm, addressOf(0)))).toBe(0);
});

/** A contract that returns 5, committed to the block's versions and nowhere else. */
function create({ evm }: Opened): Address {
  const data = hex('6760055f5260205ff35f5260086018f3');
  const transaction = plainTransaction({
    sender: at('aa'),
    gasLimit: 10n ** 6n,
    to: FACTORY,
    data,
  });
  const result = evm.transactSync(transaction, { callOnly: true });
  if (result.status !== 'success') throw new Error(result.status);
  return `0x${result.output.toHex().slice(24)}`;
}

it('keeps code that only the block’s versions know', () => {
  const opened = bounded({ engine: 'interpreter' });
  const created = create(opened);
  callAll(opened);
  expect(word(call(opened.evm, created))).toBe(5);
});

it('keeps code that a snapshot leads back to', () => {
  const opened = bounded({ engine: 'interpreter' });
  const { evm } = opened;
  const before = evm.snapshot();
  const created = create(opened);
  const after = evm.snapshot();
  create(opened);
  callAll(opened);
  evm.revert(after);
  callAll(opened);
  expect(word(call(evm, created))).toBe(5);
  evm.revert(before);
  callAll(opened);
  expect(call(evm, created)).toMatchObject({ output: new Uint8Array() });
});

it('waits for calls that are suspended', async () => {
  const asked = at('d1');
  // The balance of an account that takes its time, then the size of the code itself.
  const code = `73${asked.slice(2)}3150385f5260205ff3`;
  const { state } = open({ ...CODES, [FACTORY]: code });
  let answer: (account: Account | undefined) => void = () => {};
  const slow: StateReader = {
    getAccount: (address) => {
      if (address !== asked) return state.getAccount(address);
      return new Promise((resolve) => {
        answer = resolve;
      });
    },
    getStorage: (address, slot) => state.getStorage(address, slot),
    getCode: (hash) => state.getCode(hash),
    hasStorage: (address) => state.hasStorage(address),
    getBlockHash: (number) => state.getBlockHash(number),
  };
  const { evm } = bounded({ state: slow });
  const suspended = evm.call({ to: FACTORY });
  for (let index = 0; evm.tierStatistics().codeBytes <= CODE_BYTES_MAX; index++) {
    expect(word(await evm.call({ to: addressOf(index) }))).toBe(index);
  }
  answer(undefined);
  expect(word(await suspended)).toBe(code.length / 2);
  expect(evm.tierStatistics().codeBytes).toBeLessThanOrEqual(CODE_BYTES_MAX);
});

it('checks its limit', () => {
  expect(() => open({}, { compilation: { codeBytesMax: -1 } })).toThrow(
    expect.objectContaining({ code: 'evm/invalid input' }),
  );
});
