/** Checks of what must hold whatever the input: a failure is a bug of ours, never of the user. */
import { type ErrorDetails, IronflyError } from './errors.ts';

/** A promise of the code to itself was broken. */
export class AssertionError extends IronflyError<'assertion'> {}

/**
 * Narrows `condition` to true.
 * @throws AssertionError with the message and the values when it is not
 */
export function assert(
  condition: boolean,
  message: string,
  details: ErrorDetails = {},
): asserts condition {
  if (!condition) throw new AssertionError('assertion', message, { details });
}

/** For the branch that types rule out. @throws AssertionError naming the value */
export function unreachable(value: never): never {
  throw new AssertionError('assertion', `no case for ${String(value)}`);
}
