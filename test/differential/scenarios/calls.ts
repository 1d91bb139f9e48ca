/** Calls of every kind to every kind of callee, with all that can go well or wrong. */
import type { ForkName } from '../../../src/evm/forks/names.ts';
import { opcodeAt, opcodeByte } from '../../../src/evm/opcodes/table.ts';
import { newLabel, Program } from '../program.ts';
import { addressAt, contract, type NamedScenario, type Scenario, type Stage } from '../scenario.ts';
import { since } from '../since.ts';

const KINDS = ['CALL', 'CALLCODE', 'DELEGATECALL', 'STATICCALL'];
const VALUES = [0n, 1n, 99n, 100n, 101n, 2n ** 255n];
const GAS = [0n, 1n, 2_300n, 20_000n, 10n ** 7n, 2n ** 64n, 2n ** 256n - 1n];

type Code = (program: Program, fork: ForkName) => Program;

/** What is called. */
const CALLEES: readonly (readonly [string, Code | undefined])[] = [
  ['nobody', undefined],
  ['no code', (program) => program],
  ['STOP', (program) => program.op('STOP')],
  ['RETURN', (program) => program.push(9).push(0).op('MSTORE').push(40).push(0).op('RETURN')],
  ['REVERT', (program) => program.push(9).push(0).op('MSTORE').push(40).push(0).op('REVERT')],
  ['INVALID', (program) => program.op('INVALID')],
  ['store', (program) => program.push(1).push(1).op('SSTORE', 'GAS').push(2).op('SSTORE')],
  ['log', (program) => program.push(0).push(0).op('LOG0')],
  ['context', context],
  ['SELFDESTRUCT', (program) => program.op('CALLER', 'SELFDESTRUCT')],
  ['delegation', undefined],
];

export function* calls(fork: ForkName): Generator<NamedScenario> {
  for (const kind of KINDS.filter((name) => opcodeAt(opcodeByte(name), fork) !== undefined)) {
    const values = kind === 'CALL' || kind === 'CALLCODE' ? VALUES : [0n];
    for (const [callee, code] of CALLEES) {
      if (callee === 'delegation' && !since(fork, 'prague')) continue;
      for (const value of values) {
        for (const gas of GAS) {
          yield {
            name: `${kind} ${callee} value ${value} gas ${gas}`,
            make: (stage) => called(stage, { kind, callee, code, value, gas }),
          };
        }
      }
    }
    for (const size of [0, 31, 39, 40, 41, 64]) {
      yield { name: `${kind} wants ${size} bytes`, make: (stage) => wanted(stage, kind, size) };
    }
  }
}

interface Called {
  readonly kind: string;
  readonly callee: string;
  readonly code: Code | undefined;
  readonly value: bigint;
  readonly gas: bigint;
}

/** Where the caller wants what is returned, with room for all that a callee knows. */
const OUTPUT = 96;
const CONTEXT_BYTES = 224;

/** Calls twice, for the second finds it warm; keeps results, prices and what was returned. */
function called(stage: Stage, { kind, callee, code, value, gas }: Called): Scenario {
  const { fork, target, other } = stage;
  const program = new Program(fork);
  const stores = [0, 1, 2, 3].map((index) => OUTPUT + CONTEXT_BYTES + index * 32);
  for (const round of [0, 1]) {
    program.op('GAS').push(CONTEXT_BYTES).push(OUTPUT).push(5).push(0);
    if (kind === 'CALL' || kind === 'CALLCODE') program.push(value);
    program
      .push(BigInt(other(1)))
      .push(gas)
      .op(kind);
    program.push(stores[round * 2] as number).op('MSTORE');
    program
      .op('GAS', 'SWAP1', 'SUB')
      .push(stores[round * 2 + 1] as number)
      .op('MSTORE');
  }
  if (since(fork, 'byzantium')) program.op('RETURNDATASIZE').push(64).op('MSTORE');
  program
    .push(OUTPUT + CONTEXT_BYTES + 128)
    .push(0)
    .op('RETURN');
  const accounts = [{ ...contract(target, program.assemble()), balance: 100n }];
  if (callee === 'delegation') {
    accounts.push(contract(other(1), Uint8Array.fromHex(`ef0100${other(2).slice(2)}`)));
    accounts.push(contract(other(2), context(new Program(fork), fork).assemble()));
  }
  if (code !== undefined)
    accounts.push(contract(other(1), code(new Program(fork), fork).assemble()));
  return { accounts, transaction: { data: Uint8Array.of(1, 2, 3) } };
}

/** Gives back what a callee knows of its call, and keeps some of it. */
function context(program: Program, fork: ForkName): Program {
  const names = ['ADDRESS', 'CALLER', 'CALLVALUE', 'CALLDATASIZE', 'ORIGIN', 'CODESIZE'];
  for (const [index, name] of names.entries())
    program
      .op(name)
      .push(index * 32)
      .op('MSTORE');
  if (since(fork, 'istanbul')) program.op('SELFBALANCE').push(192).op('MSTORE');
  return program.push(CONTEXT_BYTES).push(0).op('RETURN');
}

/** Reads call data around its end, where the caller's memory goes on with ones. */
export function* callData(fork: ForkName): Generator<NamedScenario> {
  for (const offset of [0, 7, 8, 9, 10, 38, 39, 40, 41]) {
    for (const known of [true, false]) {
      yield {
        name: `CALLDATALOAD of ${offset} where ${known ? 'known ' : ''}data ends at 40`,
        make: ({ target, other }) => {
          const outer = new Program(fork);
          for (const at of [0, 32, 64])
            outer
              .push(2n ** 256n - 1n)
              .push(at)
              .op('MSTORE');
          outer
            .push(64)
            .push(128)
            .push(40)
            .push(0)
            .push(0)
            .push(BigInt(other(1)))
            .push(50_000);
          outer.op('CALL').push(224).op('MSTORE').push(128).push(128).op('RETURN');
          const inner = new Program(fork);
          // What is not known comes out of the data, too: its first byte is 255.
          if (known) inner.push(offset);
          else
            inner
              .push(255 - offset)
              .push(0)
              .push(0)
              .op('CALLDATALOAD', 'BYTE', 'SUB');
          inner.op('CALLDATALOAD').push(0).op('MSTORE');
          inner.push(32).push(offset).push(32).op('CALLDATACOPY').push(64).push(0).op('RETURN');
          return {
            accounts: [contract(target, outer.assemble()), contract(other(1), inner.assemble())],
            transaction: {},
          };
        },
      };
    }
  }
}

/** Asks for more or less of the 40 bytes than there are; the rest of memory stays. */
function wanted({ fork, target, other }: Stage, kind: string, size: number): Scenario {
  const program = new Program(fork)
    .push(2n ** 256n - 1n)
    .push(32)
    .op('MSTORE');
  program.push(size).push(0).push(0).push(0);
  if (kind === 'CALL' || kind === 'CALLCODE') program.push(0);
  program
    .push(BigInt(other(1)))
    .push(50_000)
    .op(kind, 'MSIZE', 'ADD')
    .push(64)
    .op('MSTORE');
  if (since(fork, 'byzantium')) {
    const skip = newLabel();
    program.op('RETURNDATASIZE').push(40).op('EQ').jumpIf(skip);
    program.op('STOP').place(skip).push(40).push(0).push(96).op('RETURNDATACOPY');
  }
  const code = program.push(160).push(0).op('RETURN').assemble();
  const callee = new Program(fork)
    .push(2n ** 250n + 5n)
    .push(0)
    .op('MSTORE');
  callee
    .push(2n ** 249n)
    .push(32)
    .op('MSTORE')
    .push(40)
    .push(0)
    .op('RETURN');
  return {
    accounts: [contract(target, code), contract(other(1), callee.assemble())],
    transaction: {},
  };
}

/** Precompiles with inputs of any kind; their own vectors are tested elsewhere. */
export function* precompiles(fork: ForkName): Generator<NamedScenario> {
  const last = since(fork, 'osaka') ? 0x100 : since(fork, 'prague') ? 0x12 : 0x0a;
  const numbers = Array.from({ length: Math.min(last, 0x12) }, (_, i) => i + 1);
  for (const number of last === 0x100 ? [...numbers, 0x100] : numbers) {
    for (const size of [0, 1, 32, 64, 96, 128, 160, 192, 213, 256, 384]) {
      for (const gas of [0, 100, 3_000, 150_000]) {
        yield {
          name: `precompile 0x${number.toString(16)} with ${size} bytes and ${gas} gas`,
          make: ({ target }) => {
            const program = new Program(fork);
            // Words of 1: a point, a modulus, a recovery id of 27 where it belongs.
            for (let at = 0; at < size; at += 32)
              program
                .push(at === 32 ? 27 : 1)
                .push(at)
                .op('MSTORE');
            program.push(64).push(512).push(size).push(0).push(0).push(number).push(gas);
            program.op('CALL').push(576).op('MSTORE').push(96).push(512).op('RETURN');
            return { accounts: [contract(target, program.assemble())], transaction: {} };
          },
        };
      }
    }
    yield {
      name: `precompile 0x${number.toString(16)} called by a transaction`,
      make: () => ({
        accounts: [],
        transaction: { to: addressAt(BigInt(number)), value: 3n, data: new Uint8Array(64).fill(1) },
      }),
    };
  }
}
