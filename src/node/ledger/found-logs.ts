/** Logs that are found for one answer, which has room for so many and no more. */

import { type LogAnswer, logSize } from '../json/log-answer.ts';
import { RpcError } from '../rpc/errors.ts';

/** Characters of one answer. */
const SIZE_MAX = 64 << 20;

export class FoundLogs {
  readonly logs: LogAnswer[] = [];
  readonly #logsMax: number;
  #size = 0;

  constructor(logsMax: number) {
    this.#logsMax = logsMax;
  }

  /** @throws RpcError 'limit exceeded' */
  add(log: LogAnswer): void {
    this.#size += logSize(log);
    if (this.logs.length >= this.#logsMax) throw tooMuch(`${this.#logsMax} results`);
    if (this.#size > SIZE_MAX) throw tooMuch(`${SIZE_MAX} characters`);
    this.logs.push(log);
  }
}

function tooMuch(what: string): RpcError {
  return new RpcError('limit exceeded', `query returned more than ${what}: ask for fewer blocks`);
}
