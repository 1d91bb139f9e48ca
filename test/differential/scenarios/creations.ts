/** Creations and self-destructions, by opcode and by transaction, with every end they can have. */
import { keccak256 } from '../../../src/base/keccak.ts';
import { encodeRlp, rlpInteger } from '../../../src/base/rlp.ts';
import type { ForkName } from '../../../src/evm/forks/names.ts';
import type { Address } from '../../../src/evm/types.ts';
import { Program } from '../program.ts';
import { contract, type NamedScenario, PLENTY, type Scenario, type Stage } from '../scenario.ts';
import { since } from '../since.ts';

type Write = (program: Program, stage: Stage) => void;

/** Init code by what comes of it. */
const INITS: readonly (readonly [string, Write])[] = [
  ['nothing', () => {}],
  ['STOP', (program) => program.op('STOP')],
  ['code', (program) => returns(program, 0x60, 5)],
  ['code of 0xef', (program) => returns(program, 0xef, 1)],
  ['code of 0xef01', (program) => returns(program, 0xef, 2)],
  ['code of 24576 bytes', (program) => returns(program, 0xfe, 24_576)],
  ['code of 24577 bytes', (program) => returns(program, 0xfe, 24_577)],
  ['code of 0xef and 24577 bytes', (program) => returns(program, 0xef, 24_577)],
  ['a revert', (program) => program.push(7).push(0).op('MSTORE').push(33).push(0).op('REVERT')],
  ['INVALID', (program) => program.op('INVALID')],
  ['a bad jump', (program) => program.push(0).op('JUMP')],
  ['storage', (program) => returns(program.push(1).push(1).op('SSTORE'), 0x60, 5)],
  [
    'storage and a revert',
    (program) => program.push(1).push(1).op('SSTORE').push(0).push(0).op('REVERT'),
  ],
  ['its own end', (program, { sender }) => program.push(BigInt(sender)).op('SELFDESTRUCT')],
  ['its own end to itself', (program) => program.op('ADDRESS', 'SELFDESTRUCT')],
  ['a log and its address', (program) => program.op('ADDRESS').push(0).push(0).op('LOG1')],
];

/** RETURN of `size` bytes, `byte` and 1 before zeros: EthereumJS takes 0xef00 for EOF. */
function returns(program: Program, byte: number, size: number): Program {
  program.push(byte).push(0).op('MSTORE8').push(1).push(1).op('MSTORE8');
  return program.push(size).push(0).op('RETURN');
}

export function* creations(fork: ForkName): Generator<NamedScenario> {
  const kinds = since(fork, 'constantinople') ? ['CREATE', 'CREATE2'] : ['CREATE'];
  for (const [end, write] of INITS) {
    if (end.includes('revert') && !since(fork, 'byzantium')) continue;
    for (const kind of kinds) {
      for (const value of [0n, 100n, 101n]) {
        const make = (stage: Stage) => created(stage, { kind, write, value });
        yield { name: `${kind} with ${value} gives ${end}`, make };
      }
      for (const gas of [32_000n, 33_000n, 35_000n, 60_000n]) {
        const make = (stage: Stage): Scenario => ({
          ...created(stage, { kind, write, value: 0n }),
          gas: { beyondIntrinsic: gas },
        });
        yield { name: `${kind} with ${gas} gas gives ${end}`, make };
      }
    }
    for (const beyond of ['plenty', 0n, -1n, -150n, -1_000n] as const) {
      yield {
        name: `a transaction gives ${end}, ${beyond} gas`,
        make: (stage) => {
          const program = new Program(fork);
          write(program, stage);
          const transaction = { to: undefined, data: program.assemble(), value: 3n, gasLimit: GAS };
          const gas = beyond === 'plenty' ? beyond : { beyondNeeded: beyond };
          return { accounts: [], transaction, gas };
        },
      };
    }
  }
  for (const kind of kinds) yield* collisions(fork, kind);
  yield* sizes(fork);
  yield* ends(fork);
}

/** Enough for the dearest code. */
const GAS = 8_000_000n;

interface Creation {
  readonly kind: string;
  readonly write: Write;
  readonly value: bigint;
}

/** Creates twice: with CREATE2 the second finds the first, unless that is gone. */
function created(stage: Stage, { kind, write, value }: Creation): Scenario {
  const { fork, target } = stage;
  const init = new Program(fork);
  write(init, stage);
  const code = init.assemble();
  const program = new Program(fork)
    .push(2n ** 255n)
    .push(0)
    .op('MSTORE');
  // The init code lies in the upper bytes of a few words.
  for (let at = 0; at < code.length; at += 32) {
    const word = new Uint8Array(32);
    word.set(code.subarray(at, at + 32));
    program
      .push(BigInt(`0x${word.toHex()}`))
      .push(at + 32)
      .op('MSTORE');
  }
  for (const slot of [0, 1]) {
    program.op('GAS');
    if (kind === 'CREATE2') program.push(5);
    program.push(code.length).push(32).push(value).op(kind, 'DUP1', 'EXTCODESIZE', 'ADD');
    program
      .push(slot)
      .op('SSTORE', 'GAS', 'SWAP1', 'SUB')
      .push(slot * 32)
      .op('MSTORE');
    if (since(fork, 'byzantium'))
      program
        .op('RETURNDATASIZE')
        .push(slot + 2)
        .op('SSTORE');
  }
  program.push(64).push(0).op('RETURN');
  return {
    accounts: [{ ...contract(target, program.assemble()), balance: 100n }],
    transaction: { gasLimit: GAS },
  };
}

/** What may stand where a contract is to be made. */
const OCCUPANTS: readonly (readonly [string, Partial<ReturnType<typeof contract>>])[] = [
  ['a nonce', { nonce: 1n }],
  ['code', { nonce: 0n, code: Uint8Array.of(0) }],
  ['storage', { nonce: 0n, storage: new Map([[1n, 1n]]) }],
  ['a balance', { nonce: 0n, balance: 5n }],
  ['nothing but an account', { nonce: 0n }],
];

function* collisions(fork: ForkName, kind: string): Generator<NamedScenario> {
  for (const [what, occupant] of OCCUPANTS) {
    yield {
      name: `${kind} where ${what} is`,
      make: (stage) => {
        const made = created(stage, { kind, write: INITS[2]?.[1] as Write, value: 1n });
        const init = new Program(fork);
        INITS[2]?.[1](init, stage);
        const at =
          kind === 'CREATE'
            ? createAddress(stage.target, 1n)
            : create2Address(stage, init.assemble());
        return {
          ...made,
          accounts: [...made.accounts, { ...contract(at, new Uint8Array()), ...occupant }],
        };
      },
    };
    if (kind === 'CREATE2') continue;
    yield {
      name: `a transaction creates where ${what} is`,
      make: ({ sender }) => ({
        accounts: [{ ...contract(createAddress(sender, 0n), new Uint8Array()), ...occupant }],
        transaction: { to: undefined, value: 2n, data: Uint8Array.of(0x58, 0x58, 0x55) },
      }),
    };
  }
  for (const nonce of [2n ** 64n - 2n, 2n ** 64n - 1n]) {
    yield {
      name: `${kind} of a contract with nonce ${nonce}`,
      make: (stage) => {
        const made = created(stage, { kind, write: INITS[2]?.[1] as Write, value: 0n });
        return { ...made, accounts: made.accounts.map((account) => ({ ...account, nonce })) };
      },
    };
  }
}

function createAddress(from: Address, nonce: bigint): Address {
  const bytes = encodeRlp([Uint8Array.fromHex(from.slice(2)), rlpInteger(nonce)]);
  return `0x${keccak256(bytes).subarray(12).toHex()}`;
}

/** With the salt 5. */
function create2Address({ target }: Stage, init: Uint8Array): Address {
  const salt = (5).toString(16).padStart(64, '0');
  const bytes = Uint8Array.fromHex(`ff${target.slice(2)}${salt}${keccak256(init).toHex()}`);
  return `0x${keccak256(bytes).subarray(12).toHex()}`;
}

/** Init code at its limit (EIP-3860). */
function* sizes(fork: ForkName): Generator<NamedScenario> {
  for (const size of [49_151, 49_152, 49_153]) {
    for (const kind of since(fork, 'constantinople') ? ['CREATE', 'CREATE2'] : ['CREATE']) {
      yield {
        name: `${kind} of ${size} bytes`,
        make: ({ target }) => {
          const program = new Program(fork);
          if (kind === 'CREATE2') program.push(1);
          program.push(size).push(0).push(0).op(kind).push(1).op('SSTORE');
          return {
            accounts: [contract(target, program.assemble())],
            transaction: { gasLimit: GAS },
          };
        },
      };
    }
    yield {
      name: `a transaction with init code of ${size} bytes`,
      make: () => ({
        accounts: [],
        transaction: { to: undefined, data: new Uint8Array(size), gasLimit: GAS },
      }),
    };
  }
}

const HEIRS: readonly (readonly [string, (stage: Stage) => Address])[] = [
  ['itself', ({ other }) => other(1)],
  ['the caller', ({ target }) => target],
  ['nobody', ({ other }) => other(9)],
  ['an empty account', ({ other }) => other(2)],
];

/** Self-destruction once or twice in a transaction, with or without a balance. */
function* ends(fork: ForkName): Generator<NamedScenario> {
  for (const [heir, heirOf] of HEIRS) {
    for (const balance of [0n, 9n]) {
      for (const again of [false, true]) {
        yield {
          name: `SELFDESTRUCT of ${balance} to ${heir} ${again ? 'twice' : ''}`,
          make: (stage) => {
            const { target, other } = stage;
            const outer = new Program(fork);
            for (let i = 0; i < (again ? 2 : 1); i++) {
              for (let j = 0; j < 4; j++) outer.push(0);
              outer
                .push(1)
                .push(BigInt(other(1)))
                .push(80_000)
                .op('CALL')
                .push(i)
                .op('SSTORE');
            }
            outer
              .push(BigInt(other(1)))
              .op('EXTCODESIZE')
              .push(3)
              .op('SSTORE');
            outer
              .push(BigInt(other(1)))
              .op('BALANCE')
              .push(4)
              .op('SSTORE');
            const inner = new Program(fork).push(2).push(2).op('SSTORE');
            inner.push(BigInt(heirOf(stage))).op('SELFDESTRUCT');
            const empty = { ...contract(other(2), new Uint8Array()), nonce: 0n };
            return {
              accounts: [
                { ...contract(target, outer.assemble()), balance: 10n },
                { ...contract(other(1), inner.assemble()), balance, storage: new Map([[7n, 7n]]) },
                empty,
              ],
              transaction: { gasLimit: PLENTY },
            };
          },
        };
      }
    }
  }
}
