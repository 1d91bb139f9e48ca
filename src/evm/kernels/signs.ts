/** Two's complement of four limbs. */
import type { Local, Value } from '../../wasm/function.ts';
import { type Emitter, keep, type Limb, pushValue } from '../words/word.ts';
import { addCarrying } from './limbs.ts';

/** All ones for a negative word, else zero. */
export function signOf(m: Emitter, limbs: readonly Limb[]): Local<'i64'> {
  return keep(m, m.fn.i64.shrS(pushValue(m, limbs.at(-1) as Limb), m.fn.i64.const(63)));
}

/** -limbs where `sign` is all ones, limbs where it is zero: (limbs ^ sign) - sign. */
export function negateIf(m: Emitter, limbs: readonly Limb[], sign: Local<'i64'>): Local<'i64'>[] {
  const { fn } = m;
  const flipped = limbs.map((limb) => keep(m, fn.i64.xor(pushValue(m, limb), fn.get(sign))));
  const one = keep(m, fn.i64.and(fn.get(sign), fn.i64.const(1)));
  return addCarrying(m, flipped, [one]).limbs;
}

/** Pushes whether a word is an i64, sign-extended. */
export function pushFitsLimb(m: Emitter, limbs: readonly Limb[]): Value<'i32'> {
  const { fn } = m;
  const [low, ...above] = limbs;
  const sign = keep(m, fn.i64.shrS(pushValue(m, low as Limb), fn.i64.const(63)));
  let differs: Value<'i64'> | undefined;
  for (const limb of above) {
    const own = fn.i64.xor(pushValue(m, limb), fn.get(sign));
    differs = differs === undefined ? own : fn.i64.or(differs, own);
  }
  return fn.i64.eqz(differs ?? fn.i64.const(0));
}
