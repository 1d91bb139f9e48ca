/** Value types and the typed tokens with which emitted code is checked by TypeScript. */

export type ValueType = 'i32' | 'i64' | 'f64' | 'v128' | 'funcref';

/** Types of numbers and vectors: those that `select` without a type takes. */
export type NumericType = 'i32' | 'i64' | 'f64' | 'v128';

export const TYPE_BYTES: Readonly<Record<ValueType, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f64: 0x7c,
  v128: 0x7b,
  funcref: 0x70,
};

declare const valueBrand: unique symbol;
declare const localBrand: unique symbol;

/**
 * Stands for a value that emitted code has left on wasm's operand stack. It costs nothing: code is
 * emitted in the order in which TypeScript evaluates, and the token carries only the type.
 */
export interface Value<T extends ValueType = ValueType> {
  readonly [valueBrand]: T;
}

/** Index of a local, branded with its type. */
export type Local<T extends ValueType = ValueType> = number & { readonly [localBrand]: T };

/** Index of a function in its module. */
export type FunctionRef = number & { readonly __functionRef: true };

/** A branch target, valid within its block. */
export interface Label {
  /** Nesting depth at which the label was opened. */
  readonly depth: number;
}

/** The only token there is, at run time. */
export const VALUE = Object.freeze({}) as Value<never>;
