/** States as workers read them: through a desk, as in the node's thread, over states in memory. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BlockView } from '../../../chain/block-tree.ts';
import type { Account, Address, Awaitable } from '../../../evm/types.ts';
import { MemoryState } from '../../../state/memory.ts';
import type { CallNode } from '../call-node.ts';
import { DistantState, type NodeLine } from './distant-state.ts';
import type { Question, ReadsQuestion } from './messages.ts';
import { ReadingOrder } from './reading-order.ts';
import { StateDesk } from './state-desk.ts';

const POOL: Address = `0x${'ab'.repeat(20)}`;
const COIN: Address = `0x${'cd'.repeat(20)}`;

/** A block's state, in which every slot up to `slots` has a value of its own. */
function stateOf(block: number, slots = 1_000): MemoryState {
  const state = new MemoryState();
  for (const [index, address] of [POOL, COIN].entries()) {
    const values = Array.from({ length: slots }, (_, slot) => {
      return [BigInt(slot), BigInt(block * 1_000_000 + index * 100_000 + slot + 1)] as const;
    });
    const balance = BigInt(block);
    state.setAccount(address, { nonce: 1n, balance, code: new Uint8Array(0), storage: values });
  }
  return state;
}

type State = Omit<BlockView, 'close'>;

/** A worker's states, and what it asks for them. */
class Reader {
  readonly order = new ReadingOrder();
  readonly asked: ReadsQuestion[] = [];
  /** Answers, those to guesses included. */
  answered = 0;
  readonly #states: State[] = [];
  readonly #desk: StateDesk;
  readonly #line: NodeLine;

  /** @param guessesMs as long as it takes, so that no other program has a say in what is asked */
  constructor(guessesMs = Number.POSITIVE_INFINITY) {
    const openBlock = async () => Object.assign(this.#states.at(-1) as State, { close() {} });
    const node = { ledger: { openBlock } } as unknown as CallNode;
    this.#desk = new StateDesk(node, guessesMs);
    this.#line = {
      ask: async (question) => {
        const answer = await this.#desk.answer(question);
        if (question.what !== 'reads') return answer;
        this.asked.push(question);
        this.answered += (answer as unknown[]).length;
        return answer;
      },
      close: (view) => this.#desk.close(view),
    };
  }

  async open(state: State): Promise<DistantState> {
    this.#states.push(state);
    const question: Question = { what: 'open block', hash: `0x${'00'.repeat(32)}` };
    return new DistantState(this.#line, this.order, (await this.#line.ask(question)) as number);
  }

  /** The questions that are asked meanwhile. */
  async questions(work: () => Promise<void>): Promise<number> {
    const before = this.asked.length;
    await work();
    return this.asked.length - before;
  }
}

/** Reads slots, and holds what is read against the state. */
async function check(distant: State, state: State, slots: Iterable<number>): Promise<void> {
  for (const slot of slots) {
    const value = await distant.getStorage(POOL, BigInt(slot));
    expect(value).toBe(await state.getStorage(POOL, BigInt(slot)));
  }
}

/** In no order that could be guessed, each once. */
const scattered = (count: number) => Array.from({ length: count }, (_, at) => (at * 7919) % 1_000);

describe('a state at a distance', () => {
  it('is asked for many slots at once where they lie side by side', async () => {
    const [reader, state] = [new Reader(), stateOf(1)];
    const distant = await reader.open(state);
    const slots = Array.from({ length: 1_000 }, (_, slot) => slot);
    expect(await reader.questions(() => check(distant, state, slots))).toBeLessThan(40);
  });

  it('is asked for many at once where an earlier one was asked for the same', async () => {
    const reader = new Reader();
    const slots = scattered(1_000);
    const [first, second] = [stateOf(1), stateOf(2)];
    const read = async (state: State) => check(await reader.open(state), state, slots);
    expect(await reader.questions(() => read(first))).toBe(1_000);
    expect(await reader.questions(() => read(second))).toBeLessThan(40);
  });

  it('brings accounts along', async () => {
    const reader = new Reader();
    const read = async (block: number) => {
      const distant = await reader.open(stateOf(block));
      expect((await distant.getAccount(POOL))?.balance).toBe(BigInt(block));
      expect(await distant.getStorage(COIN, 5n)).toBe(BigInt(block * 1_000_000 + 100_006));
      expect((await distant.getAccount(COIN))?.balance).toBe(BigInt(block));
      expect(await distant.getAccount(`0x${'ef'.repeat(20)}`)).toBe(undefined);
    };
    expect(await reader.questions(() => read(1))).toBe(4);
    expect(await reader.questions(() => read(2))).toBe(1);
  });

  it('answers what was guessed at once, and the last slot has none behind it', async () => {
    const [reader, state] = [new Reader(), stateOf(1)];
    const distant = await reader.open(state);
    const last = 2n ** 256n - 1n;
    for (const slot of [1n, 2n, last - 1n, last]) await distant.getStorage(POOL, slot);
    expect(distant.getStorage(POOL, 3n)).toBe(1_000_004n);
    expect(reader.asked.at(-1)?.slots).toEqual([last]);
  });

  it('guesses no more than right guesses and questions have earned', async () => {
    const reader = new Reader();
    const slots = scattered(600);
    await check(await reader.open(stateOf(1)), stateOf(1), slots);
    // Each first of ten is followed by others than before, which are asked for none the less.
    const state = stateOf(2);
    const distant = await reader.open(state);
    const before = reader.answered;
    const some = slots.filter((_, at) => at % 10 === 0).reverse();
    const questions = await reader.questions(() => check(distant, state, some));
    const right = some.length - questions;
    const guesses = reader.answered - before - questions;
    expect(guesses).toBeGreaterThan(0);
    expect(guesses).toBeLessThanOrEqual(8 + questions + 2 * right);
  });

  it('is what it was, however states are read in turns', async () => {
    const states = Array.from({ length: 3 }, (_, block) => stateOf(block, 40));
    const read = fc.tuple(fc.nat(3), fc.nat(2), fc.nat(2), fc.nat(45), fc.boolean());
    const property = fc.asyncProperty(fc.array(read, { maxLength: 200 }), async (reads) => {
      const reader = new Reader();
      const open = (block: number) => reader.open(states[block] as MemoryState);
      const distants = await Promise.all(
        [0, 1, 2, 0].map(async (block) => ({ block, distant: await open(block) })),
      );
      const waiting: Promise<void>[] = [];
      for (const [which, whose, kind, slot, isAlone] of reads) {
        const { block, distant } = distants[which] as (typeof distants)[number];
        const state = states[block] as MemoryState;
        const address = whose === 0 ? POOL : COIN;
        const ask = (from: State): Awaitable<unknown> =>
          kind === 0 ? from.getAccount(address) : from.getStorage(address, BigInt(slot));
        // A state in memory keeps more beside an account than is asked for.
        const { nonce, balance, codeHash } = state.getAccount(address) as Account;
        const expected = kind === 0 ? { nonce, balance, codeHash } : ask(state);
        const answer = (async () => expect(await ask(distant)).toEqual(expected))();
        if (isAlone) await answer;
        else waiting.push(answer);
      }
      await Promise.all(waiting);
    });
    await fc.assert(property, { numRuns: 200 });
  });
});

describe('guesses', () => {
  /** Slots from 100 on are elsewhere: whoever asks for them waits. */
  class Remote extends MemoryState {
    asked = 0;

    override getStorage(address: Address, slot: bigint): bigint {
      const value = super.getStorage(address, slot);
      if (slot < 100n) return value;
      this.asked += 1;
      return Promise.resolve(value) as unknown as bigint;
    }
  }

  it('are not waited for, and few are asked elsewhere', async () => {
    const [reader, remote] = [new Reader(), new Remote()];
    const distant = await reader.open(remote);
    for (let slot = 90; slot < 400; slot++) {
      expect(await distant.getStorage(POOL, BigInt(slot))).toBe(0n);
    }
    expect(remote.asked).toBeLessThan(310);
  });

  it('that fail do so when they are needed', async () => {
    class Damaged extends MemoryState {
      override getStorage(address: Address, slot: bigint): bigint {
        if (slot === 7n) throw new Error('damaged');
        return super.getStorage(address, slot);
      }
    }
    const distant = await new Reader().open(new Damaged());
    for (let slot = 0n; slot < 7n; slot++) expect(await distant.getStorage(POOL, slot)).toBe(0n);
    await expect(distant.getStorage(POOL, 7n)).rejects.toThrow('damaged');
    expect(await distant.getStorage(POOL, 8n)).toBe(0n);
  });

  it('take their time: a state that is slow is asked for what is needed', async () => {
    class Slow extends MemoryState {
      asked = 0;

      override getStorage(address: Address, slot: bigint): bigint {
        this.asked += 1;
        const endMs = performance.now() + (slot < 40n ? 1 : 0);
        while (performance.now() < endMs);
        return super.getStorage(address, slot);
      }
    }
    const [reader, slow] = [new Reader(0.2), new Slow()];
    const distant = await reader.open(slow);
    for (let slot = 0n; slot < 20n; slot++) await distant.getStorage(POOL, slot);
    // One more than the one that is needed, by which the time is over.
    expect(reader.answered).toBeLessThanOrEqual(2 * reader.asked.length);
    expect(slow.asked).toBe(reader.answered);
    // That it was slow is not for ever.
    const rest = Array.from({ length: 960 }, (_, at) => at + 40);
    expect(await reader.questions(() => check(distant, slow, rest))).toBeLessThan(200);
  });
});
