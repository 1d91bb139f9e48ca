/** Powers by windows: squarings, then one product by the entry of a table that the digit names. */
import type { FunctionBuilder, Local } from '../../../wasm/function.ts';

export interface WindowLocals {
  /** Address of the next digit, a byte; runs on. */
  readonly digits: Local<'i32'>;
  /** Digits left, at least 1; counted down. */
  readonly count: Local<'i32'>;
  /** Bits of a digit, at least 1. */
  readonly width: Local<'i32'>;
  /** The digit whose entry is wanted. */
  readonly digit: Local<'i32'>;
}

/** `multiplyBy` multiplies the result by what `square` (itself) or `entry` pushes. */
export function emitWindows<Push>(
  fn: FunctionBuilder,
  { digits, count, width, digit }: WindowLocals,
  multiplyBy: (push: Push) => void,
  factors: { readonly square: Push; readonly entry: Push },
): void {
  const { i32 } = fn;
  const squarings = fn.local('i32');
  fn.loop((next) => {
    fn.set(squarings, fn.get(width));
    fn.loop((again) => {
      multiplyBy(factors.square);
      fn.brIf(again, fn.tee(squarings, i32.sub(fn.get(squarings), i32.const(1))));
    });
    fn.if(fn.tee(digit, i32.load8U(fn.get(digits))), () => multiplyBy(factors.entry));
    fn.set(digits, i32.add(fn.get(digits), i32.const(1)));
    fn.brIf(next, fn.tee(count, i32.sub(fn.get(count), i32.const(1))));
  });
}
