/**
 * Arithmetic, comparisons and shifts through both assemblers, against BigInt: operands that are
 * known while assembling, of known width, and not known at all.
 */
import { describe, expect, it } from 'vitest';
import { MemoryState } from '../../state/memory.ts';
import { createEVM } from '../evm.ts';
import type { Address, Engine, Transaction } from '../types.ts';
import { opcodeByte } from './table.ts';

const CASES = Number(process.env['IRONFLY_OPCODE_CASES'] ?? 25);
const CONTRACT: Address = `0x${'c0de'.padStart(40, '0')}`;
const CALLER: Address = `0x${'ca11'.padStart(40, '0')}`;

const word = (value: bigint): bigint => BigInt.asUintN(256, value);
const signed = (value: bigint): bigint => BigInt.asIntN(256, value);
const flag = (condition: boolean): bigint => (condition ? 1n : 0n);

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let e = exponent, square = base; e > 0n; e >>= 1n) {
    if (e & 1n) result = word(result * square);
    square = word(square * square);
  }
  return result;
}

type Operation = (a: bigint, b: bigint) => bigint;

const REFERENCE: Readonly<Record<string, Operation>> = {
  ADD: (a, b) => word(a + b),
  SUB: (a, b) => word(a - b),
  MUL: (a, b) => word(a * b),
  DIV: (a, b) => (b === 0n ? 0n : a / b),
  MOD: (a, b) => (b === 0n ? 0n : a % b),
  SDIV: (a, b) => (b === 0n ? 0n : word(signed(a) / signed(b))),
  SMOD: (a, b) => (b === 0n ? 0n : word(signed(a) % signed(b))),
  EXP: power,
  SIGNEXTEND: (a, b) => (a > 30n ? b : word(BigInt.asIntN(8 * Number(a) + 8, b))),
  LT: (a, b) => flag(a < b),
  GT: (a, b) => flag(a > b),
  SLT: (a, b) => flag(signed(a) < signed(b)),
  SGT: (a, b) => flag(signed(a) > signed(b)),
  EQ: (a, b) => flag(a === b),
  AND: (a, b) => a & b,
  OR: (a, b) => a | b,
  XOR: (a, b) => a ^ b,
  BYTE: (a, b) => (a > 31n ? 0n : (b >> (248n - 8n * a)) & 0xffn),
  SHL: (a, b) => (a > 255n ? 0n : word(b << a)),
  SHR: (a, b) => (a > 255n ? 0n : b >> a),
  SAR: (a, b) => word(signed(b) >> (a > 255n ? 255n : a)),
};

const EDGES: readonly bigint[] = [
  ...[0n, 1n, 2n, 3n, 7n, 10n, 31n, 32n, 64n, 255n, 256n, 10_000n, 1_000_000n, 10n ** 18n],
  ...[31n, 32n, 63n, 64n, 65n, 127n, 128n, 159n, 160n, 191n, 192n, 255n].flatMap((bits) => [
    (1n << bits) - 1n,
    1n << bits,
    (1n << bits) + 1n,
    word(-(1n << bits)),
  ]),
  ...[-1n, -2n, -31n, -1_000_000n].map(word),
];

/** xorshift32: repeatable. */
function generator(seed: number): () => number {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

function draw(next: () => number): bigint {
  if (next() % 3 > 0) return EDGES[next() % EDGES.length] as bigint;
  let value = 0n;
  for (let i = 0; i < 8; i++) value = (value << 32n) | BigInt(next());
  value >>= BigInt(next() % 256);
  return next() % 4 === 0 ? word(-value) : value;
}

/** How an operand comes to be: known, loaded, or loaded and masked to some width. */
type Form = 'known' | 'loaded' | 64 | 128 | 160;
const FORMS: readonly Form[] = ['known', 'loaded', 64, 128, 160];

/** First operands that decide how SIGNEXTEND, BYTE and shifts are assembled. */
const SMALL: readonly bigint[] = [
  0n,
  1n,
  7n,
  8n,
  15n,
  16n,
  23n,
  24n,
  30n,
  31n,
  32n,
  63n,
  64n,
  255n,
];

const byte = (name: string): number => opcodeByte(name);

function push(value: bigint): number[] {
  return [byte('PUSH32'), ...Buffer.from(value.toString(16).padStart(64, '0'), 'hex')];
}

function operand(form: Form, value: bigint, offset: number): number[] {
  if (form === 'known') return push(value);
  const load = [byte('PUSH1'), offset, byte('CALLDATALOAD')];
  return form === 'loaded' ? load : [...load, ...push((1n << BigInt(form)) - 1n), byte('AND')];
}

function codeOf(name: string, forms: readonly [Form, Form], a: bigint, b: bigint): Uint8Array {
  return Uint8Array.from([
    ...operand(forms[1], b, 32),
    ...operand(forms[0], a, 0),
    byte(name),
    ...[byte('PUSH1'), 0, byte('MSTORE')],
    ...[byte('PUSH1'), 32, byte('PUSH1'), 0, byte('RETURN')],
  ]);
}

function run(code: Uint8Array, engine: Engine, inputs: readonly (readonly bigint[])[]): bigint[] {
  const state = new MemoryState();
  state.setAccount(CONTRACT, { nonce: 1n, balance: 0n, code, storage: new Map() });
  const evm = createEVM({ state, engine });
  return inputs.map((words) => {
    const hex = words.map((value) => value.toString(16).padStart(64, '0')).join('');
    const transaction: Transaction = {
      ...{ type: 0, sender: CALLER, nonce: 0n, gasLimit: 1_000_000n, to: CONTRACT, value: 0n },
      ...{ data: Uint8Array.from(Buffer.from(hex, 'hex')), maxFeePerGas: 0n },
      ...{ maxPriorityFeePerGas: 0n, accessList: [], maxFeePerBlobGas: 0n },
      ...{ blobVersionedHashes: [], authorizationList: [] },
    };
    const result = evm.transactSync(transaction, { callOnly: true, commit: false });
    if (result.status !== 'success') throw new Error(result.status);
    return BigInt(`0x${result.output.toHex()}`);
  });
}

const masked = (form: Form, value: bigint): bigint =>
  typeof form === 'number' ? BigInt.asUintN(form, value) : value;

describe.each(['SIGNEXTEND', 'BYTE', 'SHL', 'SHR', 'SAR'])('%s by a known number', (name) => {
  it.each(['interpreter', 'compiler'] as const)('agrees with BigInt: %s', (engine) => {
    const next = generator(name.charCodeAt(1));
    for (const a of SMALL) {
      const code = codeOf(name, ['known', 'loaded'], a, 0n);
      const inputs = Array.from({ length: CASES }, () => [0n, draw(next)]);
      const wanted = inputs.map(([, b]) => (REFERENCE[name] as Operation)(a, b as bigint));
      expect(run(code, engine, inputs), `${name} by ${a}`).toEqual(wanted);
    }
  });
});

describe.each(Object.keys(REFERENCE))('%s', (name) => {
  const reference = REFERENCE[name] as Operation;
  it.each(['interpreter', 'compiler'] as const)(
    'agrees with BigInt: %s',
    (engine) => {
      const next = generator(name.length * 7_919 + name.charCodeAt(0));
      for (const first of FORMS) {
        for (const second of FORMS) {
          const bothUnknown = first !== 'known' && second !== 'known';
          // One code serves all inputs; a known operand needs a code of its own.
          const codes = bothUnknown ? 1 : first === second ? 2 : 4;
          for (let round = 0; round < codes; round++) {
            const [a, b] = [draw(next), draw(next)];
            const code = codeOf(name, [first, second], a, b);
            const inputs = Array.from({ length: CASES }, () => [draw(next), draw(next)]);
            const wanted = inputs.map(([x, y]) =>
              reference(
                first === 'known' ? a : masked(first, x as bigint),
                second === 'known' ? b : masked(second, y as bigint),
              ),
            );
            const got = run(code, engine, inputs);
            const where = `${first} ${second} ${a.toString(16)} ${b.toString(16)}`;
            for (const [i, value] of got.entries()) {
              const operands = inputs[i]?.map((x) => x.toString(16)).join(' ');
              if (value !== wanted[i]) {
                const values = [value, wanted[i] as bigint]
                  .map((x) => x.toString(16))
                  .join(', not ');
                expect.fail(`${name} ${where}, input ${operands}: ${values}`);
              }
            }
          }
        }
      }
    },
    60_000,
  );
});
