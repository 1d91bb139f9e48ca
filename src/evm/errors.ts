/**
 * What the virtual machine can throw. A transaction that fails is no error: its result says so.
 * Errors are misuse, limits of the host, and bugs; after each the state is as before the call.
 */
import { type ErrorDetails, IronflyError } from '../base/errors.ts';

export type EVMErrorCode =
  /** The call needs more memory, logs, journal or code than the limits allow. */
  | 'evm/host limit'
  /** As many calls wait for a context as may. */
  | 'evm/too many calls'
  /** A synchronous call while another is suspended, or a state that answered by a promise. */
  | 'evm/not synchronous'
  /** The call's signal, deadline or flag stopped it. */
  | 'evm/stopped'
  /** A thread that executed transactions died: this EVM is not to be used again. */
  | 'evm/worker lost'
  /** A bug: WebAssembly trapped. Names code hash, pc and tier. */
  | 'evm/internal';

export class EVMError extends IronflyError<EVMErrorCode> {
  constructor(code: EVMErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(code, message, { details, cause });
  }
}
