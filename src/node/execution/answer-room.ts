/** Room for what many calls of one request give: their outputs and logs are bounded together. */

import type { ExecutionResult } from '../../evm/types.ts';
import { RpcError } from '../rpc/errors.ts';

/** Bytes; as text they take twice as much. */
const BYTES_MAX = 32 << 20;
/** Of a call or a log, beside its data. */
const BARE_BYTES = 400;

export class AnswerRoom {
  #bytesLeft = BYTES_MAX;

  /** @throws RpcError 'limit exceeded' */
  take({ output, logs }: Pick<ExecutionResult, 'output' | 'logs'>): void {
    this.#bytesLeft -= BARE_BYTES + output.length;
    for (const { data } of logs) this.#bytesLeft -= BARE_BYTES + data.length;
    if (this.#bytesLeft >= 0) return;
    const message = `the calls give more than ${BYTES_MAX} bytes together: ask for fewer`;
    throw new RpcError('limit exceeded', message);
  }
}
