/** Tiers: compiled beside the call or in it, kept, evicted. */
import { describe, expect, it } from 'vitest';
import {
  arrived,
  at,
  call,
  interpretedJumps,
  loop,
  type Opened,
  open,
  returning,
  size,
  tierOf,
  word,
} from '../../../test/opened-machine.ts';
import * as layout from '../layout.ts';
import type { Address } from '../types.ts';
import { CODE_BYTES_MAX } from './compilation.ts';
import { HOT_THRESHOLD } from './tiers.ts';

/** Jumps that make a block hot within one slice. */
const HOT = HOT_THRESHOLD + 100;

const A = at('a1');
const B = at('b1');
const C = at('c1');

describe('auto with a worker', () => {
  it('moves a running synchronous call over when the module arrives', () => {
    const rounds = 400_000_000;
    const opened = open({ [A]: loop(rounds, 7) });
    expect(word(call(opened.evm, A))).toBe(7);
    const jumps = interpretedJumps(opened, A);
    expect(jumps).toBeGreaterThanOrEqual(HOT_THRESHOLD);
    expect(jumps).toBeLessThan(rounds);
    expect(tierOf(opened, A)).toBe(layout.CODE_TIER_COMPILED);
  });

  it('compiles after a call what its last slice made hot, once for two machines', async () => {
    const [first, second] = [open({ [A]: loop(HOT, 8) }), open({ [A]: loop(HOT, 8) })];
    expect(word(call(first.evm, A))).toBe(8);
    await arrived(first.evm);
    expect(first.evm.tierStatistics()).toMatchObject({ contracts: 1, compiled: 1 });
    expect(word(call(first.evm, A))).toBe(8);
    expect(word(call(second.evm, A))).toBe(8);
    expect(second.evm.tierStatistics()).toMatchObject({ contracts: 1, compiled: 0, waiting: 0 });
  });

  it('compiles anew what is hot here, and was not where the module comes from', async () => {
    // A loop for calls without data, another one for calls with some.
    const count = (header: string) => `61${size(HOT, 4)}5b600190038060${header}5700`;
    const code = `36601157${count('07')}5b${count('15')}`;
    const [first, second] = [open({ [A]: code }), open({ [A]: code })];
    expect(call(first.evm, A).status).toBe('success');
    await arrived(first.evm);
    expect(first.evm.tierStatistics().compiled).toBe(1);
    expect(call(second.evm, A, '00').status).toBe('success');
    await arrived(second.evm);
    expect(second.evm.tierStatistics().compiled).toBe(1);
  });

  it('runs a delegation by its delegate’s code', async () => {
    const opened = open({ [A]: loop(HOT, 9), [B]: `ef0100${A.slice(2)}` });
    expect(word(call(opened.evm, B))).toBe(9);
    await arrived(opened.evm);
    expect(tierOf(opened, A)).toBe(layout.CODE_TIER_COMPILED);
    expect(opened.evm.tierStatistics().contracts).toBe(1);
  });

  it('says in a note what the compiler could not do, and goes on interpreting', async () => {
    const notes: string[] = [];
    const directory = '/dev/null/nowhere';
    const { evm } = open(
      { [A]: loop(HOT + 1, 10) },
      {
        compilation: { directory, onNote: (note) => notes.push(note) },
      },
    );
    call(evm, A);
    await arrived(evm);
    expect(notes).toEqual([expect.stringContaining(directory)]);
    expect(word(call(evm, A))).toBe(10);
  });
});

describe('auto in the calling thread', () => {
  it('moves over at the same jump each time', () => {
    const jumps = [1, 2, 3].map(() => {
      const opened = open({ [A]: loop(100_000, 11) }, { hotThreshold: 50 });
      expect(word(call(opened.evm, A))).toBe(11);
      expect(opened.evm.tierStatistics()).toMatchObject({ contracts: 1, waiting: 0 });
      return interpretedJumps(opened, A);
    });
    // What is left of the first slice of 200,000 gas, at 26 a round, is interpreted.
    expect(jumps[0]).toBeGreaterThan(7_000);
    expect(jumps[0]).toBeLessThan(8_000);
    expect(new Set(jumps).size).toBe(1);
  });

  it('compiles init code when it comes again', () => {
    const init = loop(200_000, 12);
    const { evm } = open({}, { hotThreshold: 50 });
    expect(call(evm, undefined, init).status).toBe('success');
    expect(evm.tierStatistics()).toMatchObject({ compiled: 0 });
    expect(call(evm, undefined, init).status).toBe('success');
    expect(evm.tierStatistics()).toMatchObject({ compiled: 1, contracts: 0, slots: 0 });
  });
});

it('code past the limit of the compiler stays interpreted', () => {
  const code = (bytes: number) => loop(100, 3).padEnd(2 * bytes, '0');
  for (const [bytes, compiled, refused] of [
    [CODE_BYTES_MAX, 1, 0],
    [CODE_BYTES_MAX + 1, 0, 1],
  ] as const) {
    const opened = open({ [A]: code(bytes) }, { hotThreshold: 50 });
    expect(word(call(opened.evm, A))).toBe(3);
    expect(word(call(opened.evm, A))).toBe(3);
    expect(opened.evm.tierStatistics()).toMatchObject({ compiled, refused });
  }
});

describe('room for compiled code', () => {
  const codes = { [A]: loop(100, 1), [B]: loop(100, 2), [C]: loop(100, 3) };
  const tiers = (opened: Opened) => [A, B, C].map((address) => tierOf(opened, address));
  const { CODE_TIER_COMPILED: compiled, CODE_TIER_INTERPRETED: interpreted } = layout;

  it('goes to what was called last', () => {
    const opened = open(codes, { hotThreshold: 50, compilation: { contractsMax: 2 } });
    const { evm } = opened;
    for (const address of [A, B, A]) call(evm, address);
    expect(evm.tierStatistics()).toMatchObject({ contracts: 2, evicted: 0 });
    const { slots } = evm.tierStatistics();
    expect(word(call(evm, C))).toBe(3);
    expect(tiers(opened)).toEqual([compiled, interpreted, compiled]);
    expect(word(call(evm, B))).toBe(2);
    expect(tiers(opened)).toEqual([interpreted, compiled, compiled]);
    expect(word(call(evm, A))).toBe(1);
    expect(evm.tierStatistics()).toMatchObject({ contracts: 2, evicted: 3, slots });
  });

  it('is not taken from a call that is suspended', async () => {
    // After a loop calls the identity, at which it is compiled, and B, whose account is waited for.
    const looped = '60785b6001900380600257';
    const calls = `5f5f5f5f5f60045af1505f5f5f5f5f73${B.slice(2)}5af150`;
    const waiting = `${looped}${calls}${returning(4)}`;
    const { state } = open({ ...codes, [A]: waiting });
    let supply: (() => void) | undefined;
    const asked = new Promise<void>((resolve) => {
      const inner = state.getAccount.bind(state);
      state.getAccount = ((address: Address) => {
        if (address !== B || supply !== undefined) return inner(address);
        resolve();
        return new Promise((answer) => {
          supply = () => answer(inner(address));
        });
      }) as typeof state.getAccount;
    });
    const opened = open({}, { hotThreshold: 50, state, compilation: { contractsMax: 1 } });
    const { evm } = opened;
    const of = (address: Address) => tierOf({ ...opened, state }, address);
    await evm.call({ to: C });
    const suspended = evm.call({ to: A });
    await asked;
    expect([of(A), of(C)]).toEqual([compiled, interpreted]);
    expect(word(await evm.call({ to: C }))).toBe(3);
    expect([of(A), of(C)]).toEqual([compiled, interpreted]);
    supply?.();
    expect(word(await suspended)).toBe(4);
    expect(word(await evm.call({ to: C }))).toBe(3);
    expect(of(C)).toBe(interpreted);
  });

  it('of init code is another’s once the init code is gone', () => {
    // Creates two contracts, the second where the first's init code was, and returns what it gives.
    const deposit = (tag: number, pad: string) => {
      const runtime = `5b${returning(tag)}`;
      const length = size(runtime.length / 2, 2);
      return `60${length}600b5f3960${length}5ff3${'00'}${runtime}${pad}`;
    };
    const inits = [deposit(4, ''), deposit(5, '00'.repeat(400))];
    const head = 90;
    const create = (offset: number, init: string) => {
      const length = size(init.length / 2, 4);
      return `61${length}61${size(offset, 4)}5f3961${length}5f5ff0`;
    };
    const [first = '', second = ''] = inits;
    const creates = `${create(head, first)}50${create(head + first.length / 2, second)}`;
    const calls = '60205f5f5f5f855af15060205ff3';
    const factory = `${`${creates}${calls}`.padEnd(2 * head, '0')}${first}${second}`;
    const codes = { [A]: factory, [B]: loop(100, 2), [C]: loop(100, 3) };
    const { evm } = open(codes, { engine: 'compiler' });
    const { slots } = evm.tierStatistics();
    expect(word(call(evm, A))).toBe(5);
    expect(word(call(evm, B))).toBe(2);
    expect(word(call(evm, C))).toBe(3);
    expect(word(call(evm, A))).toBe(5);
    expect(evm.tierStatistics()).toMatchObject({ contracts: 4 });
    expect(slots).toBe(0);
  });
});
