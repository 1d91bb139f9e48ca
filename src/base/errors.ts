/**
 * The error that all of Ironfly throws for misuse and for what a host cannot do.
 *
 * A layer names its codes in a union of its own (`'wasm/function too large' | ...`) and extends
 * the base with it, so that a `switch` over `error.code` is checked. An error becomes plain data
 * to cross a worker's boundary, where structured cloning would keep message and stack alone:
 *
 *   worker: port.postMessage(toPlain(error))      main: throw fromPlain(message)
 */

/** A value that an error names; it survives structured cloning. */
export type ErrorDetail = string | number | bigint | boolean | null | undefined;

export type ErrorDetails = Readonly<Record<string, ErrorDetail>>;

export interface ErrorOptions {
  /** The values that the message names, for programs. */
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
}

/** An error as data: what `toPlain` gives and `fromPlain` takes. */
export interface PlainError {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly details: ErrorDetails;
  readonly stack: string | undefined;
  readonly cause: PlainError | undefined;
}

/** Code of an error that was not thrown by Ironfly. */
export const FOREIGN_CODE = 'foreign';

/** Deeper chains of causes are cut: a cycle of causes must not hang the one who reports it. */
export const CAUSES_MAX = 8;

/** Base of all errors. `message` names the values and says what to do. */
export class IronflyError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly details: ErrorDetails;

  constructor(code: Code, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** Any thrown value as plain data; what is no `IronflyError` gets the code `foreign`. */
export function toPlain(error: unknown): PlainError {
  return plainOf(error, CAUSES_MAX);
}

function plainOf(error: unknown, causesLeft: number): PlainError {
  if (!(error instanceof Error)) {
    const message = String(error);
    return { name: 'Error', code: FOREIGN_CODE, message, details: {}, ...NO_ORIGIN };
  }
  const known = error instanceof IronflyError;
  return {
    name: error.name,
    code: known ? error.code : FOREIGN_CODE,
    message: error.message,
    details: known ? error.details : {},
    stack: error.stack,
    cause:
      error.cause === undefined || causesLeft === 0
        ? undefined
        : plainOf(error.cause, causesLeft - 1),
  };
}

const NO_ORIGIN = { stack: undefined, cause: undefined } as const;

/** The error that `toPlain` took apart: same name, code, message, details, stack and causes. */
export function fromPlain(plain: PlainError): IronflyError {
  const cause = plain.cause === undefined ? undefined : fromPlain(plain.cause);
  const error = new IronflyError(plain.code, plain.message, { details: plain.details, cause });
  error.name = plain.name;
  if (plain.stack !== undefined) error.stack = plain.stack;
  return error;
}
