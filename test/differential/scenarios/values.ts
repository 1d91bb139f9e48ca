/** Opcodes that compute a word from words: all edge operands, known to the compiler and not. */
import type { ForkName } from '../../../src/evm/forks/names.ts';
import { OPCODES, opcodeAt } from '../../../src/evm/opcodes/table.ts';
import { EDGES } from '../edges.ts';
import { Program } from '../program.ts';
import { type NamedScenario, running } from '../scenario.ts';

const NAMES = [
  ...['ADD', 'MUL', 'SUB', 'DIV', 'SDIV', 'MOD', 'SMOD', 'EXP', 'SIGNEXTEND', 'LT', 'GT', 'SLT'],
  ...['SGT', 'EQ', 'ISZERO', 'AND', 'OR', 'XOR', 'NOT', 'BYTE', 'SHL', 'SHR', 'SAR', 'CLZ'],
  ...['ADDMOD', 'MULMOD'],
];

const WORD_MAX = 2n ** 256n - 1n;

/** Operations in one contract: different ones, so that a part of the suite has some of each. */
const CHUNK = 16;

/**
 * How an operand comes: as a constant, from the call's data, as a word narrowed by a mask, or as
 * the complement of a narrow one, whose upper limbs the compiler knows to be all ones.
 */
const SOURCES = ['constant', 'unknown', 'narrow', 'inverted'] as const;
type Source = (typeof SOURCES)[number];

/** Forks that bring operations of this family: all operands are tried there, else one in 8. */
const THOROUGH: readonly ForkName[] = ['frontier', 'constantinople', 'osaka'];

interface Operation {
  readonly name: string;
  readonly words: readonly bigint[];
  readonly sources: readonly Source[];
}

export function* values(fork: ForkName): Generator<NamedScenario> {
  const all = scattered(operations(fork));
  const oneIn = THOROUGH.includes(fork) ? 1 : 8;
  for (let at = 0; at < all.length; at += CHUNK * oneIn) {
    const chunk = all.slice(at, at + CHUNK);
    yield {
      // The word of the output that differs says which it is.
      name: `values ${chunk.map(({ name, sources }) => `${name} ${sources.join('/')}`).join(', ')}`,
      make: computed(fork, chunk),
    };
  }
}

/** Opcodes that take the number of a byte or of a bit: all of them, known to the compiler. */
export function* positions(fork: ForkName): Generator<NamedScenario> {
  for (const row of OPCODES) {
    const numbers = ['SIGNEXTEND', 'BYTE'].includes(row.name) ? BYTES : BITS;
    if (!POSITIONED.includes(row.name) || opcodeAt(row.byte, fork) === undefined) continue;
    for (const value of POSITIONED_VALUES) {
      for (const source of ['unknown', 'narrow', 'inverted'] as const) {
        const sources: Source[] = ['constant', source];
        const all = numbers.map((at) => ({ name: row.name, words: [at, value], sources }));
        yield {
          name: `${row.name} of ${source} ${value} at every place`,
          make: computed(fork, all),
        };
      }
    }
  }
}

const POSITIONED = ['SIGNEXTEND', 'BYTE', 'SHL', 'SHR', 'SAR'];
const BYTES = Array.from({ length: 34 }, (_, index) => BigInt(index));
const BITS = [0n, 64n, 128n, 192n, 256n]
  .flatMap((bits) => [bits - 33n, bits - 8n, bits - 1n, bits, bits + 1n, bits + 8n, bits + 33n])
  .filter((bits) => bits >= 0n);
/** Signs that change from byte to byte, and limbs that are all there or not. */
const POSITIONED_VALUES = [
  BigInt(`0x${'7f80'.repeat(16)}`),
  BigInt(`0x${'80017ffe'.repeat(8)}`),
  2n ** 192n - 2n ** 64n - 1n,
  0x8182838485868788n,
];

/** Gives back what each operation makes of its operands. */
function computed(fork: ForkName, chunk: readonly Operation[]): NamedScenario['make'] {
  return (stage) => {
    const program = new Program(fork);
    const data: bigint[] = [];
    for (const [index, { name, words, sources }] of chunk.entries()) {
      // The last operand lies deepest.
      for (let i = words.length - 1; i >= 0; i--) {
        put(program, data, words[i] as bigint, sources[i] as Source);
      }
      program
        .op(name)
        .push(index * 32)
        .op('MSTORE');
    }
    program
      .push(chunk.length * 32)
      .push(0)
      .op('RETURN');
    const digits = data.map((word) => word.toString(16).padStart(64, '0')).join('');
    const transaction = { data: Uint8Array.fromHex(digits) };
    return running(program.assemble(), { transaction })(stage);
  };
}

function operations(fork: ForkName): Operation[] {
  const all: Operation[] = [];
  for (const row of OPCODES) {
    if (!NAMES.includes(row.name) || opcodeAt(row.byte, fork) === undefined) continue;
    for (const [mixture, sources] of mixtures(row.pops).entries()) {
      for (const [index, words] of operands(row.pops).entries()) {
        if (isTried(index, mixture, sources)) all.push({ name: row.name, words, sources });
      }
    }
  }
  return all;
}

/** All operands where nothing is known of them; of the mixtures each has some. */
function isTried(index: number, mixture: number, sources: readonly Source[]): boolean {
  return sources.every((source) => source === 'unknown') || index % 4 === mixture % 4;
}

/** The same in an order in which neighbours have little in common: a large prime's multiples. */
function scattered<T>(items: readonly T[]): T[] {
  return items.map((_, index) => items[(index * 999_983) % items.length] as T);
}

function put(program: Program, data: bigint[], word: bigint, source: Source): void {
  if (source === 'constant') {
    program.push(word);
    return;
  }
  const given = source === 'inverted' ? word ^ WORD_MAX : word;
  program.push(data.length * 32).op('CALLDATALOAD');
  data.push(given);
  if (source === 'unknown') return;
  // The bound of a width that the compiler can see.
  program.push(2n ** BigInt(maskBits(given)) - 1n).op('AND');
  if (source === 'inverted') program.op('NOT');
}

/** A mask of 8, 64, 128, 192 or 256 bits that changes nothing. */
function maskBits(word: bigint): number {
  return [8, 64, 128, 192].find((bits) => word < 2n ** BigInt(bits)) ?? 256;
}

function operands(count: number): bigint[][] {
  if (count === 1) return EDGES.map((word) => [word]);
  const pairs = EDGES.flatMap((one) => EDGES.map((other) => [one, other]));
  if (count === 2) return pairs;
  // Pairs with a modulus each, and every modulus with some pairs.
  return pairs.map((pair, index) => [...pair, EDGES[(index * 7) % EDGES.length] as bigint]);
}

function mixtures(count: number): Source[][] {
  if (count === 1) return SOURCES.map((source) => [source]);
  return mixtures(count - 1).flatMap((left) =>
    // Three operands: all of one kind, or one constant.
    SOURCES.filter((source) => count === 2 || source !== 'narrow').map((source) => [
      ...left,
      source,
    ]),
  );
}
