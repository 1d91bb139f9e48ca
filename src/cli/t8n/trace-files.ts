/**
 * The steps of transactions as files of EIP-3155 lines, named as geth's `evm t8n --trace` does: by
 * the transaction's place in the block and its hash.
 */
import { appendFileSync, closeSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { keccak256 } from '../../base/keccak.ts';
import type { TransactionWatch } from '../../chain/executor/sequential.ts';
import { endLine, stepLine } from '../statetest/trace.ts';
import { TransitionError } from './fault.ts';

/** Characters that are written at once. */
const PORTION = 65_536;

/** One transaction's file, which has its name once it is kept. */
export interface TraceFile extends TransactionWatch {
  keep(): void;
  drop(): void;
}

export class TraceFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Begins the file of a transaction, given as blocks hold it. @throws TransitionError */
  begin(index: number, transaction: Uint8Array): TraceFile {
    const hash = keccak256(transaction).toHex();
    const path = join(this.#folder, `trace-${index}-0x${hash}.jsonl`);
    const unfinished = `${path}.tmp`;
    const file = orFail(() => {
      mkdirSync(this.#folder, { recursive: true });
      return openSync(unfinished, 'w');
    });
    let lines = '';
    const write = (line: string): void => {
      lines += `${line}\n`;
      if (lines.length >= PORTION) flush();
    };
    const flush = (): void => {
      orFail(() => appendFileSync(file, lines));
      lines = '';
    };
    return {
      onStep: (step) => write(stepLine(step)),
      onEnd: (result) => write(endLine(result)),
      keep: () => {
        flush();
        orFail(() => renameSync(unfinished, path));
        closeSync(file);
      },
      drop: () => {
        closeSync(file);
        rmSync(unfinished, { force: true });
      },
    };
  }
}

/** @throws TransitionError where a file cannot be written */
function orFail<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const message = `the trace cannot be written: ${(cause as Error).message}`;
    throw new TransitionError('t8n/file', message, { cause });
  }
}
