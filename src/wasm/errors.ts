/** What building a WebAssembly module can fail with. All are misuse or a limit of the engine. */
import { type ErrorDetails, IronflyError } from '../base/errors.ts';

export type WasmErrorCode =
  /** A limit of V8 would be exceeded: the function or module is too large. */
  | 'wasm/limit'
  /** A type, function, local or place does not exist, or is of another type. */
  | 'wasm/unknown'
  /** Parts came in an order that the format does not allow. */
  | 'wasm/order'
  /** A constant, offset or lane does not fit its encoding. */
  | 'wasm/range'
  /** Bytes are not a module that this builder makes. */
  | 'wasm/format';

export class WasmError extends IronflyError<WasmErrorCode> {
  constructor(code: WasmErrorCode, message: string, details: ErrorDetails = {}) {
    super(code, message, { details });
  }
}
