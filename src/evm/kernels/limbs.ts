/** Sums and differences of numbers of several limbs, with the carry told. */
import type { Local, Value } from '../../wasm/function.ts';
import { type Emitter, keep, keep32, type Limb, pushValue } from '../words/word.ts';

/** Limbs of a result, and what it carried or borrowed: an i32 of 0 or 1. */
export interface Carried {
  readonly limbs: Local<'i64'>[];
  readonly carry: Local<'i32'>;
}

/** a + b (+ carry), of as many limbs as `a` has; limbs that `b` lacks are zero. */
export function addCarrying(
  m: Emitter,
  a: readonly Limb[],
  b: readonly Limb[],
  carryIn?: Local<'i32'>,
): Carried {
  const { fn } = m;
  let carry = carryIn;
  const limbs = a.map((limb, i) => {
    const sum = keep(m, fn.i64.add(pushValue(m, limb), pushValue(m, b[i] ?? 0n)));
    const over = keep32(m, fn.i64.ltU(fn.get(sum), pushValue(m, limb)));
    if (carry === undefined) {
      carry = over;
      return sum;
    }
    const total = keep(m, fn.i64.add(fn.get(sum), fn.i64.extendI32U(fn.get(carry))));
    const again = fn.i64.ltU(fn.get(total), fn.get(sum));
    carry = keep32(m, fn.i32.or(again, fn.get(over)));
    return total;
  });
  return { limbs, carry: carry as Local<'i32'> };
}

/** a - b, of as many limbs as `a` has; limbs that `b` lacks are zero. */
export function subtractBorrowing(m: Emitter, a: readonly Limb[], b: readonly Limb[]): Carried {
  const { fn } = m;
  let borrow: Local<'i32'> | undefined;
  const limbs = a.map((limb, i) => {
    const other = b[i] ?? 0n;
    const difference = keep(m, fn.i64.sub(pushValue(m, limb), pushValue(m, other)));
    const under = keep32(m, fn.i64.ltU(pushValue(m, limb), pushValue(m, other)));
    if (borrow === undefined) {
      borrow = under;
      return difference;
    }
    const taken = keep(m, fn.i64.extendI32U(fn.get(borrow)));
    const again = fn.i64.ltU(fn.get(difference), fn.get(taken));
    borrow = keep32(m, fn.i32.or(again, fn.get(under)));
    return keep(m, fn.i64.sub(fn.get(difference), fn.get(taken)));
  });
  return { limbs, carry: borrow as Local<'i32'> };
}

/** Per limb: `a` where the condition is nonzero, else `b`. */
export function selectLimbs(
  m: Emitter,
  condition: Local<'i32'>,
  a: readonly Limb[],
  b: readonly Limb[],
): Local<'i64'>[] {
  const { fn } = m;
  return a.map((limb, i) =>
    keep(m, fn.select(pushValue(m, limb), pushValue(m, b[i] as Limb), fn.get(condition))),
  );
}

/** Limbs at `address + offset`. */
export function loadLimbs(
  m: Emitter,
  { address, offset, count }: { address: Local<'i32'>; offset: number; count: number },
): Local<'i64'>[] {
  const { fn } = m;
  return Array.from({ length: count }, (_, i) =>
    keep(m, fn.i64.load(fn.get(address), offset + 8 * i)),
  );
}

export function storeLimbs(m: Emitter, limbs: readonly Limb[], address: Local<'i32'>): void {
  const { fn } = m;
  limbs.forEach((limb, i) => {
    fn.i64.store(fn.get(address), pushValue(m, limb), 8 * i);
  });
}

/** Limbs shifted left by a distance of 0 to 63; what leaves the top is lost. */
export function shiftLimbsLeft(
  m: Emitter,
  limbs: readonly Limb[],
  distance: Local<'i64'>,
): Local<'i64'>[] {
  const { fn } = m;
  return limbs.map((limb, i) => {
    const own = fn.i64.shl(pushValue(m, limb), fn.get(distance));
    if (i === 0) return keep(m, own);
    return keep(m, fn.i64.or(own, pushShiftedOut(m, limbs[i - 1] as Limb, distance)));
  });
}

/** Limbs shifted right by a distance of 0 to 63. */
export function shiftLimbsRight(
  m: Emitter,
  limbs: readonly Limb[],
  distance: Local<'i64'>,
): Local<'i64'>[] {
  const { fn } = m;
  return limbs.map((limb, i) => {
    const own = fn.i64.shrU(pushValue(m, limb), fn.get(distance));
    const above = limbs[i + 1];
    if (above === undefined) return keep(m, own);
    // A shift by 64 is a shift by 0 in WebAssembly: by one, and then by 63 - distance.
    const once = fn.i64.shl(pushValue(m, above), fn.i64.const(1));
    const rest = fn.i64.xor(fn.get(distance), fn.i64.const(63));
    return keep(m, fn.i64.or(own, fn.i64.shl(once, rest)));
  });
}

/** Pushes the bits of a limb that a shift to the left by 0 to 63 moves into the next one. */
export function pushShiftedOut(m: Emitter, limb: Limb, distance: Local<'i64'>): Value<'i64'> {
  const { fn } = m;
  const once = fn.i64.shrU(pushValue(m, limb), fn.i64.const(1));
  return fn.i64.shrU(once, fn.i64.xor(fn.get(distance), fn.i64.const(63)));
}
