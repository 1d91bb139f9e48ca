/** What code can ask of its surroundings: block, transaction, accounts. */
import type { ForkName } from '../../../src/evm/forks/names.ts';
import { opcodeAt, opcodeByte } from '../../../src/evm/opcodes/table.ts';
import type { Address } from '../../../src/evm/types.ts';
import { EDGES } from '../edges.ts';
import { Program } from '../program.ts';
import {
  addressAt,
  BLOCK,
  contract,
  type NamedScenario,
  running,
  type Stage,
} from '../scenario.ts';
import { since } from '../since.ts';

const PLAIN = [
  ...['ADDRESS', 'ORIGIN', 'CALLER', 'CALLVALUE', 'CALLDATASIZE', 'CODESIZE', 'GASPRICE'],
  ...['RETURNDATASIZE', 'COINBASE', 'TIMESTAMP', 'NUMBER', 'PREVRANDAO', 'GASLIMIT', 'CHAINID'],
  ...['SELFBALANCE', 'BASEFEE', 'BLOBBASEFEE', 'PC', 'MSIZE', 'GAS', 'PUSH0'],
];

/** A program that leaves one word, and gives it back. */
function answer(fork: ForkName, write: (program: Program) => void): Uint8Array {
  const program = new Program(fork);
  write(program);
  return program.push(0).op('MSTORE').push(32).push(0).op('RETURN').assemble();
}

export function* environment(fork: ForkName): Generator<NamedScenario> {
  const knows = (name: string) => opcodeAt(opcodeByte(name), fork) !== undefined;
  for (const name of PLAIN.filter(knows)) {
    const code = answer(fork, (program) => program.op(name));
    const transaction = { value: 5n, data: new Uint8Array(7) };
    yield { name, make: running(code, { transaction }) };
  }
  const numbers = [-1n, 0n, 1n, 2n, 255n, 256n, 257n].map((past) => BLOCK.number - past);
  for (const number of [...numbers, ...EDGES]) {
    const code = answer(fork, (program) => program.push(number).op('BLOCKHASH'));
    yield { name: `BLOCKHASH ${number}`, make: running(code) };
  }
  if (knows('BLOBHASH')) yield* blobHashes(fork);
  for (const name of ['BALANCE', 'EXTCODESIZE', 'EXTCODEHASH', 'EXTCODECOPY'].filter(knows)) {
    for (const [kind, target] of TARGETS) {
      for (const dirt of [0n, 2n ** 160n, 2n ** 256n - 2n ** 160n]) {
        for (const listed of since(fork, 'berlin') ? [false, true] : [false]) {
          const make = (stage: Stage) => asked(stage, name, target(stage), dirt, listed);
          yield { name: `${name} of ${kind} ${dirt === 0n ? '' : 'dirty'} ${listed}`, make };
        }
      }
    }
  }
}

const TARGETS: readonly (readonly [string, (stage: Stage) => Address])[] = [
  ['itself', ({ target }) => target],
  ['the sender', ({ sender }) => sender],
  ['a contract', ({ other }) => other(1)],
  ['nobody', ({ other }) => other(2)],
  ['an account that is empty', ({ other }) => other(3)],
  ['a delegation', ({ other }) => other(4)],
  ['an account of one wei', ({ other }) => other(5)],
  ['a precompile', () => addressAt(1n)],
  ['a precompile of a later fork', () => addressAt(0x100n)],
  ['the coinbase', () => BLOCK.coinbase],
];

/** Asks twice, so that the second is warm, and says what each cost. */
function asked(stage: Stage, name: string, of: Address, dirt: bigint, listed: boolean) {
  const { fork, target, other } = stage;
  const program = new Program(fork);
  for (const place of [0, 64]) {
    program.op('GAS');
    if (name === 'EXTCODECOPY') {
      program
        .push(32)
        .push(1)
        .push(place)
        .push(BigInt(of) | dirt)
        .op(name);
    } else {
      program
        .push(BigInt(of) | dirt)
        .op(name)
        .push(place)
        .op('MSTORE');
    }
    program
      .op('GAS', 'SWAP1', 'SUB')
      .push(place + 32)
      .op('MSTORE');
  }
  const code = program.push(128).push(0).op('RETURN').assemble();
  const empty = contract(other(3), new Uint8Array());
  return {
    transaction: listed ? { type: 1 as const, accessList: [{ address: of, storageKeys: [] }] } : {},
    accounts: [
      contract(target, code),
      contract(other(1), Uint8Array.of(1, 2, 3, 4)),
      { ...empty, nonce: 0n },
      ...(since(fork, 'prague')
        ? [contract(other(4), Uint8Array.fromHex(`ef0100${other(1).slice(2)}`))]
        : []),
      { ...contract(other(5), new Uint8Array()), nonce: 0n, balance: 1n },
    ],
  };
}

function* blobHashes(fork: ForkName): Generator<NamedScenario> {
  const hash = (last: number) => `0x01${last.toString(16).padStart(62, '0')}` as const;
  for (const index of [0n, 1n, 2n, 2n ** 32n, 2n ** 64n, 2n ** 256n - 1n]) {
    const code = answer(fork, (program) => program.push(index).op('BLOBHASH'));
    const blobVersionedHashes = [hash(5), hash(6)];
    const transaction = { type: 3 as const, blobVersionedHashes, maxFeePerBlobGas: 9n };
    yield { name: `BLOBHASH ${index}`, make: running(code, { transaction }) };
    yield { name: `BLOBHASH ${index} without blobs`, make: running(code) };
  }
}
