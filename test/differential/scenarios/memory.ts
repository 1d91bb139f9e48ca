/** Opcodes that take places in memory or data: offsets and sizes at all edges. */
import { type ForkName, forkIndex } from '../../../src/evm/forks/names.ts';
import { opcodeAt, opcodeByte } from '../../../src/evm/opcodes/table.ts';
import { OFFSETS } from '../edges.ts';
import { Program } from '../program.ts';
import { addressAt, type NamedScenario, running } from '../scenario.ts';
import { since } from '../since.ts';

/** Operands, deepest first: `a` and `b` are the edges that are tried. */
const FORMS: readonly (readonly [name: string, (a: bigint, b: bigint) => bigint[]])[] = [
  ['MLOAD', (a) => [a]],
  ['MSTORE', (a, b) => [b, a]],
  ['MSTORE8', (a, b) => [b, a]],
  ['CALLDATALOAD', (a) => [a]],
  ['KECCAK256', (a, b) => [b, a]],
  ['CALLDATACOPY', (a, b) => [b, 3n, a]],
  ['CALLDATACOPY', (a, b) => [40n, a, b & 63n]],
  ['CODECOPY', (a, b) => [b, 3n, a]],
  ['CODECOPY', (a, b) => [40n, a, b & 63n]],
  ['EXTCODECOPY', (a, b) => [b, 3n, a, OTHER]],
  ['EXTCODECOPY', (a, b) => [40n, a, b & 63n, OTHER]],
  ['RETURNDATACOPY', (a, b) => [b, 0n, a]],
  ['RETURNDATACOPY', (a, b) => [a, b, 0n]],
  ['MCOPY', (a, b) => [40n, a, b]],
  ['MCOPY', (a, b) => [a, b, 5n]],
  ['MCOPY', (a, b) => [a, 5n, b]],
  ['LOG0', (a, b) => [b, a]],
  ['LOG1', (a, b) => [a, b, a]],
  ['LOG2', (a, b) => [a, b, b, a]],
  ['LOG3', (a, b) => [a, b, a, b, a]],
  ['LOG4', (a, b) => [a, b, a, b, b, a]],
  ['RETURN', (a, b) => [b, a]],
  ['REVERT', (a, b) => [b, a]],
  ['CREATE', (a, b) => [b, a, 0n]],
  ['CREATE2', (a, b) => [0n, b, a, 0n]],
  ['CALL', (a, b) => [0n, 0n, b, a, 0n, IDENTITY, 5_000n]],
  ['CALL', (a, b) => [b, a, 40n, 0n, 0n, IDENTITY, 5_000n]],
  ['CALLCODE', (a, b) => [b, a, 40n, 0n, 0n, IDENTITY, 5_000n]],
  ['DELEGATECALL', (a, b) => [b, a, 40n, 0n, IDENTITY, 5_000n]],
  ['STATICCALL', (a, b) => [b, a, 40n, 0n, IDENTITY, 5_000n]],
];

const IDENTITY = 4n;
const OTHER = 0x5e1fn;
/** Runs for the pairs of edges with gas enough for 100 KB of memory, not for 2^32 bytes. */
const DATA = Uint8Array.from({ length: 70 }, (_, i) => i + 1);

export function* memory(fork: ForkName): Generator<NamedScenario> {
  for (const [form, [name, operands]] of FORMS.entries()) {
    if (opcodeAt(opcodeByte(name), fork) === undefined) continue;
    const takesTwo = operands(1n, 2n).includes(2n);
    for (const [i, a] of OFFSETS.entries()) {
      for (const [j, b] of (takesTwo ? OFFSETS : [0n]).entries()) {
        // Every pair once, known to the compiler or not; each fork has one in three of the large.
        if (a > 1_000n && b > 1_000n && (i + j + forkIndex(fork)) % 3 !== 0) continue;
        for (const known of takesTwo ? [(i + j) % 2 === 0] : [true, false]) {
          yield {
            name: `${name} form ${form} ${a} ${b} ${known ? 'known' : 'unknown'}`,
            make: (stage) => {
              const code = place(fork, name, operands(a, b), known);
              const other = { address: addressAt(OTHER), nonce: 1n, balance: 0n };
              const accounts = [{ ...other, code: DATA, storage: new Map<bigint, bigint>() }];
              const data = known ? DATA : Uint8Array.fromHex(operands(a, b).map(word).join(''));
              return running(code, { accounts, transaction: { data } })(stage);
            },
          };
        }
      }
    }
  }
}

/** Offsets and sizes around the 40 bytes of return data that there are (EIP-211). */
const RETURNED: readonly (readonly [offset: bigint, size: bigint])[] = [
  ...([
    [0n, 40n],
    [0n, 41n],
    [1n, 39n],
    [1n, 40n],
    [8n, 32n],
    [9n, 32n],
  ] as const),
  ...([
    [39n, 1n],
    [40n, 0n],
    [40n, 1n],
    [41n, 0n],
  ] as const),
];

export function* returnData(fork: ForkName): Generator<NamedScenario> {
  if (!since(fork, 'byzantium')) return;
  for (const [offset, size] of RETURNED) {
    for (const known of [true, false]) {
      const operands = [size, offset, 3n];
      const code = place(fork, 'RETURNDATACOPY', operands, known);
      const data = Uint8Array.fromHex(operands.map(word).join(''));
      yield {
        name: `RETURNDATACOPY ${offset} ${size} ${known ? 'known' : 'unknown'}`,
        make: running(code, { transaction: { data } }),
      };
    }
  }
}

/** Memory with something in it, the opcode, then all that it may have changed. */
function place(fork: ForkName, name: string, operands: readonly bigint[], known: boolean) {
  const program = new Program(fork);
  program
    .push(0x1122334455667788n << 128n)
    .push(0)
    .op('MSTORE');
  program
    .push(2n ** 255n + 99n)
    .push(32)
    .op('MSTORE');
  if (since(fork, 'byzantium')) {
    // 40 bytes of return data.
    program.push(0).push(0).push(40).push(0).push(0).push(IDENTITY).push(3_000);
    program.op('CALL', 'POP');
  }
  for (const [index, operand] of operands.entries()) {
    if (known) program.push(operand);
    else program.push(index * 32).op('CALLDATALOAD');
  }
  program.op(name);
  const pushes = name.startsWith('C') ? !name.endsWith('COPY') : !/^(MSTORE|LOG|R|E|MC)/.test(name);
  if (!pushes) program.push(7);
  // What it gave, memory's size, and memory below 128: before these are written into it.
  program.op('MSIZE').push(96).op('MLOAD').push(64).op('MLOAD').push(32).op('MLOAD');
  program.push(0).op('MLOAD');
  for (let i = 0; i < 6; i++) program.push(i * 32).op('MSTORE');
  return program.push(192).push(0).op('RETURN').assemble();
}

function word(value: bigint): string {
  return value.toString(16).padStart(64, '0');
}
