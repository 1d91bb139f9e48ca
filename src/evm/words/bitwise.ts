/**
 * AND, OR, XOR and NOT: on halves where both operands are in memory or vectors, else limb by
 * limb, where masks make widths known (an address mask leaves three limbs).
 */
import type { Value } from '../../wasm/function.ts';
import { both } from './arithmetic.ts';
import {
  constant,
  constantOf,
  type Emitter,
  fromLimbs,
  keep,
  type Limb,
  limbOf,
  pushHalf,
  pushValue,
  type Word,
  widthOf,
} from './word.ts';

const LIMB_MASK = (1n << 64n) - 1n;
const WORD_MASK = (1n << 256n) - 1n;

export type BitwiseOperation = 'and' | 'or' | 'xor';

const ON_BIGINT: Record<BitwiseOperation, (x: bigint, y: bigint) => bigint> = {
  and: (x, y) => x & y,
  or: (x, y) => x | y,
  xor: (x, y) => x ^ y,
};

export function bitwise(m: Emitter, operation: BitwiseOperation, a: Word, b: Word): Word {
  const known = both(a, b, ON_BIGINT[operation]);
  if (known !== undefined) return known;
  if (inHalves(a) && inHalves(b)) return onHalves(m, operation, a, b);
  const limbs = [0, 1, 2, 3].map((i) => onLimb(m, operation, a, b, i));
  return fromLimbs(limbs as [Limb, Limb, Limb, Limb]);
}

function onHalves(m: Emitter, operation: BitwiseOperation, a: Word, b: Word): Word {
  const { fn } = m;
  const low = m.v128();
  const high = m.v128();
  const apply = (half: 0 | 1): Value<'v128'> =>
    fn.v128[operation](pushHalf(m, a, half), pushHalf(m, b, half));
  fn.set(low, apply(0));
  fn.set(high, apply(1));
  return { kind: 'halves', low, high };
}

/** One limb; an operand that decides the result alone is not read. */
function onLimb(m: Emitter, operation: BitwiseOperation, a: Word, b: Word, i: number): Limb {
  const x = knownLimb(a, i);
  const y = knownLimb(b, i);
  if (x !== undefined && y !== undefined) return ON_BIGINT[operation](x, y);
  const mask = x ?? y;
  const other = x === undefined ? a : b;
  if (operation === 'and' && mask === 0n) return 0n;
  if (operation === 'and' && mask === LIMB_MASK) return limbOf(m, other, i);
  if (operation === 'or' && mask === LIMB_MASK) return LIMB_MASK;
  if (operation !== 'and' && mask === 0n) return limbOf(m, other, i);
  const first = limbOf(m, a, i);
  const second = limbOf(m, b, i);
  return keep(m, m.fn.i64[operation](pushValue(m, first), pushValue(m, second)));
}

function knownLimb(word: Word, i: number): bigint | undefined {
  if (i >= widthOf(word)) return 0n;
  if (word.kind !== 'limbs') return undefined;
  const limb = word.limbs[i] as Limb;
  return typeof limb === 'bigint' ? limb : undefined;
}

export function not(m: Emitter, a: Word): Word {
  const known = constantOf(a);
  if (known !== undefined) return constant(known ^ WORD_MASK);
  const { fn } = m;
  if (inHalves(a)) {
    const low = m.v128();
    const high = m.v128();
    fn.set(low, fn.v128.not(pushHalf(m, a, 0)));
    fn.set(high, fn.v128.not(pushHalf(m, a, 1)));
    return { kind: 'halves', low, high };
  }
  return bitwise(m, 'xor', a, constant(WORD_MASK));
}

function inHalves(word: Word): boolean {
  return word.kind === 'halves' || word.kind === 'memory';
}
