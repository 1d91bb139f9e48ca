/** Traps planted in every tier: caught, named, not repeated, and nothing has changed. */
import { describe, expect, it } from 'vitest';
import {
  arrived,
  at,
  call,
  codeObject,
  loop,
  type Opened,
  open,
  tierOf,
  word,
} from '../../../test/opened-machine.ts';
import { ModuleBuilder } from '../../wasm/module.ts';
import { EVMError } from '../errors.ts';
import * as layout from '../layout.ts';
import { plainTransaction } from '../plain-transaction.ts';
import type { Address } from '../types.ts';
import { HOT_THRESHOLD } from './tiers.ts';

const A = at('a1');
const B = at('b1');
const C = at('c1');
const ISZERO = 0x15;
const STEPPING = 256;

/** A function of an opcode's type that traps, under a name. */
function trapping(name: string): CallableFunction {
  const module = new ModuleBuilder();
  const fn = module.function(name, module.type(['i32', 'i32', 'i64', 'i32', 'i32'], ['i32']));
  fn.unreachable();
  module.export('trap', fn.ref);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()));
  return instance.exports['trap'] as CallableFunction;
}

/** Plants the trap in an opcode of the interpreter; returns what takes it away. */
function plant({ machine }: Opened, opcode: number): () => void {
  const { table } = machine;
  machine.loadStepping();
  const slots = [opcode, STEPPING + opcode];
  const before = slots.map((slot) => table.get(slot));
  for (const slot of slots) table.set(slot, trapping('ISZERO'));
  return () => slots.forEach((slot, i) => table.set(slot, before[i]));
}

function thrownBy(run: () => unknown): EVMError {
  try {
    run();
  } catch (error) {
    if (error instanceof EVMError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const hashOf = ({ state }: Opened, address: Address) => state.getAccount(address)?.codeHash;

describe('a trap in the interpreter', () => {
  // A call of the identity, after which the instruction is entered by the table: ISZERO.
  const entered = '5f5f5f5f5f60045af11550';
  // SSTORE(0, 1), and ISZERO at 13; returns SLOAD(0).
  const code = `60015f55${entered}5f545f5260205ff3`;

  it.each(['interpreter', 'auto'] as const)('names code, pc and tier (%s)', (engine) => {
    const opened = open({ [A]: code }, { engine });
    const restore = plant(opened, ISZERO);
    const error = thrownBy(() => call(opened.evm, A));
    expect(error.code).toBe('evm/internal');
    expect(error.details).toEqual({ codeHash: hashOf(opened, A), pc: 13, tier: 'interpreter' });
    expect(error.message).toContain('(ISZERO)');
    expect(error.cause).toBeInstanceOf(WebAssembly.RuntimeError);
    restore();
    expect(word(call(opened.evm, A))).toBe(1);
  });

  it('leaves what was committed before, and nothing of its own', async () => {
    const store = `5f355f55${entered}5f545f5260205ff3`;
    const opened = open({ [A]: store });
    const { evm } = opened;
    const transact = (value: number, commit: boolean) =>
      evm.transactSync(
        plainTransaction({
          sender: `0x${'aa'.repeat(20)}`,
          gasLimit: 100_000n,
          to: A,
          value: 5n,
          data: Uint8Array.fromHex(value.toString(16).padStart(64, '0')),
        }),
        { commit, callOnly: true },
      );
    transact(3, true);
    const restore = plant(opened, ISZERO);
    thrownBy(() => transact(4, true));
    restore();
    const overrides = { [B]: { code: Uint8Array.fromHex(`73${A.slice(2)}315f5260205ff3`) } };
    expect(word(await evm.call({ to: B, overrides }))).toBe(5);
    const read = { [A]: { code: Uint8Array.fromHex('5f545f5260205ff3') } };
    expect(word(await evm.call({ to: A, overrides: read }))).toBe(3);
  });

  it('in init code names the hash of that', () => {
    const opened = open({});
    plant(opened, ISZERO);
    const error = thrownBy(() => call(opened.evm, undefined, '15'));
    expect(error.details).toMatchObject({
      pc: 0,
      codeHash: expect.stringMatching(/^0x[0-9a-f]{64}$/),
    });
    expect(error.details['codeHash']).not.toBe(hashOf(opened, A));
  });
});

describe('a trap in compiled code', () => {
  const first = layout.CODE_ENTRY;

  function breakCompiled(opened: Opened, address: Address): void {
    const { memory, table } = opened.machine;
    const code = codeObject(opened, address);
    const view = memory.view();
    table.set(view.getUint32(code + first, true), trapping('block 0'));
    const blocks = view.getUint32(code + layout.CODE_BLOCKS, true);
    table.set(view.getUint32(blocks + layout.BLOCK_FUNCTION, true), trapping('block 5'));
  }

  it('ends the call, and the contract is interpreted from then on', () => {
    // A call of its own into A, whose compiled form is broken.
    const outer = `60205f5f5f5f73${A.slice(2)}5af1505f545f5260205ff3`;
    const opened = open({ [A]: loop(200, 31), [B]: outer }, { hotThreshold: 50 });
    const { evm } = opened;
    expect(word(call(evm, A))).toBe(31);
    expect(tierOf(opened, A)).toBe(layout.CODE_TIER_COMPILED);
    breakCompiled(opened, A);
    const error = thrownBy(() => call(evm, B));
    expect(error.details).toEqual({ codeHash: hashOf(opened, A), pc: 0, tier: 'compiler' });
    expect(tierOf(opened, A)).toBe(layout.CODE_TIER_REFUSED);
    const { compiled } = evm.tierStatistics();
    for (let i = 0; i < 100; i++) expect(word(call(evm, A))).toBe(31);
    expect(tierOf(opened, A)).toBe(layout.CODE_TIER_REFUSED);
    expect(evm.tierStatistics()).toMatchObject({ contracts: 0, compiled });
    // Nor in another machine of the process.
    const other = open({ [A]: loop(200, 31) }, { hotThreshold: 50 });
    for (let i = 0; i < 3; i++) expect(word(call(other.evm, A))).toBe(31);
    expect(other.evm.tierStatistics()).toMatchObject({ contracts: 0, compiled: 0 });
  });

  it('does not disturb a call that is suspended in the same code', async () => {
    // Compiled by its loop and a call, then calls who waits for the balance of B, then loops again.
    const waits = `5f5f5f5f5f73${C.slice(2)}5af150`;
    const code = `60785b60019003806002575f5f5f5f5f60045af150${waits}60785b600190038060345700`;
    const inner = open({ [A]: code, [C]: `73${B.slice(2)}3150` }).state;
    let answer: (() => void) | undefined;
    const getAccount = inner.getAccount.bind(inner);
    const state = Object.assign(inner, {
      getAccount: (address: Address) => {
        if (address !== B || answer !== undefined) return getAccount(address);
        return new Promise((resolve) => {
          answer = () => resolve(getAccount(address));
        });
      },
    });
    const opened = { ...open({}, { hotThreshold: 50, state }), state };
    const suspended = opened.evm.call({ to: A });
    while (answer === undefined) await new Promise(setImmediate);
    expect(tierOf(opened, A)).toBe(layout.CODE_TIER_COMPILED);
    breakCompiled(opened, A);
    await expect(opened.evm.call({ to: A })).rejects.toMatchObject({ code: 'evm/internal' });
    answer();
    expect(await suspended).toMatchObject({ status: 'success' });
  });

  it('stops the worker from compiling it again', async () => {
    const opened = open({ [A]: loop(HOT_THRESHOLD + 200, 32) });
    const { evm } = opened;
    call(evm, A);
    await arrived(evm);
    call(evm, A);
    breakCompiled(opened, A);
    expect(thrownBy(() => call(evm, A)).details).toMatchObject({ tier: 'compiler' });
    for (let i = 0; i < 3; i++) expect(word(call(evm, A))).toBe(32);
    expect(evm.tierStatistics()).toMatchObject({ contracts: 0, waiting: 0 });
  });
});

it('too deep in JavaScript is a limit of the host, not a bug', () => {
  const opened = open({ [A]: loop(200, 33) }, { engine: 'interpreter' });
  call(opened.evm, A);
  const codes = new Set<unknown>();
  const dive = (): void => {
    try {
      dive();
    } catch {
      // Each level on the way back has a little more stack left.
    }
    try {
      call(opened.evm, A);
    } catch (error) {
      codes.add(error instanceof EVMError ? error.code : (error as Error).constructor);
      throw error;
    }
  };
  try {
    dive();
  } catch {
    // Whatever came of it is in the set.
  }
  // V8 itself may give up, in several ways; the machine says no bug, and keeps no call.
  expect(codes).not.toContain('evm/internal');
  expect(codes).not.toContain('evm/not synchronous');
  expect(word(call(opened.evm, A))).toBe(33);
  expect(tierOf(opened, A)).not.toBe(layout.CODE_TIER_REFUSED);
});
