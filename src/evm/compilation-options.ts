/** How an EVM compiles, and what it says about it. */

export interface CompilationOptions {
  /**
   * Who compiles in `auto`: a worker, while calls go on in the interpreter, or the thread that
   * calls, which makes runs repeatable. The worker when left out, unless `hotThreshold` is given.
   * Where there are no workers, the thread.
   */
  readonly where?: 'worker' | 'thread';
  /** Contracts that this EVM keeps compiled; the least recently called go first. 8,192. */
  readonly contractsMax?: number;
  /** Bytes of WebAssembly of these; 512 MiB. */
  readonly wasmBytesMax?: number;
  /**
   * Bytes of code with its analysis that stay in memory for the next call; 512 MiB. More than that
   * a call may use; afterwards what nobody needs goes.
   */
  readonly codeBytesMax?: number;
  /**
   * Folder in which compiled code is kept from one process to the next (Node.js; made when it is
   * not there). Who may write it decides what is executed.
   */
  readonly directory?: string;
  /** Takes what deserves a look but stops nothing: a damaged file. A warning when left out. */
  readonly onNote?: (note: string) => void;
}

/** What is compiled now, and what came of compilations so far. */
export interface TierStatistics {
  /** Contracts that are compiled and linked. */
  readonly contracts: number;
  /** Bytes of WebAssembly of these. */
  readonly wasmBytes: number;
  /** Bytes of code with its analysis in memory, compiled or not. */
  readonly codeBytes: number;
  /** Table slots of these, rounded up as they are given out. */
  readonly slots: number;
  /** Let go of for want of room. */
  readonly evicted: number;
  /** Compilations that the worker has not answered yet. */
  readonly waiting: number;
  /** Compilations that gave code. */
  readonly compiled: number;
  /** Compilations that gave none: past a limit of the compiler. */
  readonly refused: number;
}
