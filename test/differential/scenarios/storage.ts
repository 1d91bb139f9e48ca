/** Storage: every order of values a slot can have, with gas at the limits (EIP-2200, EIP-3529). */
import type { ForkName } from '../../../src/evm/forks/names.ts';
import { Program } from '../program.ts';
import { contract, type NamedScenario, type Scenario, type Stage } from '../scenario.ts';
import { since } from '../since.ts';

const VALUES = [0n, 1n, 2n];
const SLOTS = [0n, 1n, 2n ** 64n, 2n ** 255n, 2n ** 256n - 1n];

export function* storage(fork: ForkName): Generator<NamedScenario> {
  for (const original of VALUES) {
    for (const first of VALUES) {
      for (const second of VALUES) {
        for (const third of VALUES) {
          for (const warm of since(fork, 'berlin') ? [false, true] : [false]) {
            yield {
              name: `SSTORE ${original} ${first} ${second} ${third} ${warm ? 'listed' : ''}`,
              make: (stage) => written(stage, original, [first, second, third], warm),
            };
          }
        }
      }
    }
  }
  for (const slot of SLOTS) {
    for (const name of since(fork, 'cancun') ? ['SLOAD', 'TLOAD'] : ['SLOAD']) {
      yield { name: `${name} of slot ${slot}`, make: (stage) => read(stage, slot, name) };
    }
  }
  for (const left of [2_299n, 2_300n, 2_301n, 2_306n, 2_307n, 5_000n, 20_000n, 22_100n]) {
    for (const original of VALUES) {
      yield {
        name: `SSTORE with ${left} gas left over ${original}`,
        make: (stage) => withGas(stage, left, original),
      };
    }
  }
  for (const end of ['STOP', 'REVERT', 'INVALID']) {
    if (end === 'REVERT' && !since(fork, 'byzantium')) continue;
    for (const transient of since(fork, 'cancun') ? [false, true] : [false]) {
      yield {
        name: `${transient ? 'TSTORE' : 'SSTORE'} beneath a call that ends with ${end}`,
        make: (stage) => beneath(stage, end, transient),
      };
    }
  }
}

function written(
  stage: Stage,
  original: bigint,
  values: readonly bigint[],
  warm: boolean,
): Scenario {
  const program = new Program(stage.fork);
  for (const value of values) program.push(value).push(3).op('SSTORE');
  const code = program.push(3).op('SLOAD').push(0).op('MSTORE').push(32).push(0).op('RETURN');
  const slot = `0x${(3).toString(16).padStart(64, '0')}` as const;
  return {
    accounts: [{ ...contract(stage.target, code.assemble()), storage: new Map([[3n, original]]) }],
    transaction: warm
      ? { type: 1, accessList: [{ address: stage.target, storageKeys: [slot] }] }
      : {},
  };
}

function read(stage: Stage, slot: bigint, name: string): Scenario {
  const program = new Program(stage.fork);
  if (name === 'TLOAD') program.push(77).push(slot).op('TSTORE');
  program.push(slot).op(name).push(slot).op(name, 'ADD').push(0).op('MSTORE');
  const code = program.push(32).push(0).op('RETURN').assemble();
  return {
    accounts: [{ ...contract(stage.target, code), storage: new Map([[slot, 9n]]) }],
    transaction: {},
  };
}

/** Values of a slot: before the transaction, after a first write, after one with little gas. */
const WRITES: readonly (readonly [original: bigint, first: bigint, second: bigint])[] = [
  [0n, 0n, 1n],
  [0n, 1n, 0n],
  [0n, 1n, 1n],
  [0n, 1n, 2n],
  [1n, 0n, 1n],
  [1n, 1n, 1n],
  [1n, 1n, 2n],
  [1n, 2n, 1n],
];

/** Gas around the stipend, with which nothing may be stored (EIP-2200), however cheap it is. */
export function* stipends(): Generator<NamedScenario> {
  for (const left of [2_299, 2_300, 2_301, 2_302]) {
    for (const writes of WRITES) {
      for (const value of [0, 1]) {
        yield {
          name: `SSTORE ${writes.join(' ')} in a call with value ${value} and ${left} gas left`,
          make: (stage) => stored(stage, writes, value, left),
        };
      }
    }
  }
}

/** Gas of what the callee does before its SSTORE: two pushes of a byte and CALLDATALOAD. */
const BEFORE_STORE = 9;
/** What a call with a value gives its callee. */
const STIPEND = 2_300;

function stored(
  { fork, target, other }: Stage,
  [original, ...values]: readonly [bigint, bigint, bigint],
  value: number,
  left: number,
): Scenario {
  const outer = new Program(fork);
  const given = left + BEFORE_STORE - (value > 0 ? STIPEND : 0);
  for (const [index, word] of values.entries()) {
    outer.push(word).push(0).op('MSTORE').push(0).push(0).push(32).push(0).push(value);
    outer
      .push(BigInt(other(1)))
      .push(index === 0 ? 60_000 : given)
      .op('CALL')
      .push(index + 1)
      .op('SSTORE');
  }
  const inner = new Program(fork).push(0, 1).op('CALLDATALOAD').push(1, 1).op('SSTORE').assemble();
  return {
    accounts: [
      { ...contract(target, outer.assemble()), balance: 9n },
      { ...contract(other(1), inner), storage: new Map([[1n, original]]) },
    ],
    transaction: {},
  };
}

/** Two pushes come before SSTORE: six gas. */
function withGas(stage: Stage, left: bigint, original: bigint): Scenario {
  const code = new Program(stage.fork).push(1).push(3).op('SSTORE').assemble();
  return {
    accounts: [{ ...contract(stage.target, code), storage: new Map([[3n, original]]) }],
    transaction: {},
    gas: { beyondIntrinsic: left + 6n },
  };
}

function beneath(stage: Stage, end: string, transient: boolean): Scenario {
  const { fork, target, other } = stage;
  const [store, load] = transient ? ['TSTORE', 'TLOAD'] : ['SSTORE', 'SLOAD'];
  const outer = new Program(fork).push(5).push(1).op(store);
  outer
    .push(0)
    .push(0)
    .push(0)
    .push(0)
    .push(0)
    .push(BigInt(other(1)))
    .push(60_000)
    .op('CALL');
  outer
    .push(0)
    .push(0)
    .push(0)
    .push(0)
    .push(0)
    .push(BigInt(other(1)))
    .push(60_000);
  outer
    .op(since(fork, 'homestead') ? 'CALLCODE' : 'CALL', 'ADD')
    .push(1)
    .op(load, 'ADD');
  const code = outer.push(0).op('MSTORE').push(32).push(0).op('RETURN').assemble();
  const inner = new Program(fork).push(1).op(load).push(6).op('ADD').push(1).op(store);
  if (end === 'REVERT') inner.push(0).push(0);
  return {
    accounts: [
      { ...contract(target, code), storage: new Map([[1n, 4n]]) },
      { ...contract(other(1), inner.op(end).assemble()), storage: new Map([[1n, 8n]]) },
    ],
    transaction: {},
  };
}
