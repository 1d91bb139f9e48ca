/**
 * Many test files on several threads. A thread takes one file at a time; the results come out in
 * the order of the files, whatever thread was faster.
 */

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

export interface PoolOptions {
  /** Files and folders; folders are searched for `.json` files. */
  readonly paths: readonly string[];
  /** Program of the threads, for `new Worker`. */
  readonly worker: URL;
  /** What each thread is given when it starts. */
  readonly setup: unknown;
  /** Threads, at least 1. */
  readonly jobs: number;
  /** Files that take long, which are begun first: so no thread is left alone with one. */
  readonly longest?: RegExp;
}

/** What came of a file. A thread that dies leaves no results, and says why. */
export interface PoolResult<Result> {
  readonly results: readonly Result[];
  readonly error?: string;
}

export interface PoolReport<Result> {
  /** Called once a file, in order. */
  readonly file: (path: string, result: PoolResult<Result>) => void;
  /** Called as files are done, in any order. */
  readonly progress?: (done: number, total: number) => void;
}

/** What a worker is asked, and answers. */
export interface WorkerTask {
  readonly index: number;
  readonly path: string;
}

export interface WorkerAnswer<Result> {
  readonly index: number;
  readonly result: PoolResult<Result>;
}

/** The program of a pool's thread beside a module: sources run as they are, else JavaScript. */
export function workerProgram(name: string, beside: string): URL {
  return new URL(`${name}${beside.endsWith('.ts') ? '.ts' : '.js'}`, beside);
}

/**
 * Runs all files and resolves when all are done.
 * @throws when a path does not exist
 */
export async function runPool<Result>(
  options: PoolOptions,
  report: PoolReport<Result>,
): Promise<void> {
  const files = options.paths.flatMap(testFiles);
  const results: (PoolResult<Result> | undefined)[] = new Array(files.length);
  const isLong = (path: string) => options.longest?.test(path) === true;
  const order = [...files.keys()].sort(
    (a, b) => Number(isLong(files[b] as string)) - Number(isLong(files[a] as string)),
  );
  let next = 0;
  let done = 0;
  let reported = 0;
  const finish = (index: number, result: PoolResult<Result>): void => {
    results[index] = result;
    done++;
    report.progress?.(done, files.length);
    for (let ready = results[reported]; ready !== undefined; ready = results[reported]) {
      report.file(files[reported] as string, ready);
      results[reported] = { results: [] };
      reported++;
    }
  };
  const take = (): WorkerTask | undefined => {
    const index = order[next++];
    return index === undefined ? undefined : { index, path: files[index] as string };
  };
  const count = Math.max(1, Math.min(options.jobs, files.length));
  await Promise.all(Array.from({ length: count }, () => runWorker(options, take, finish)));
}

/** Keeps one worker at work; one that dies fails its file and is replaced. */
async function runWorker<Result>(
  options: PoolOptions,
  take: () => WorkerTask | undefined,
  finish: (index: number, result: PoolResult<Result>) => void,
): Promise<void> {
  for (let task = take(); task !== undefined; task = take()) {
    const died = await serve(options, task, take, finish);
    if (died === undefined) return;
    finish(died.index, { results: [], error: `${died.path}: ${died.reason}` });
  }
}

interface Death {
  readonly index: number;
  readonly path: string;
  readonly reason: string;
}

/** Runs tasks on a fresh worker until none is left; resolves with the task on which it died. */
function serve<Result>(
  { worker: program, setup }: PoolOptions,
  first: WorkerTask,
  take: () => WorkerTask | undefined,
  finish: (index: number, result: PoolResult<Result>) => void,
): Promise<Death | undefined> {
  const worker = new Worker(program, { workerData: setup });
  let task = first;
  return new Promise((resolve) => {
    const end = (reason: string | undefined): void => {
      void worker.terminate();
      resolve(reason === undefined ? undefined : { ...task, reason });
    };
    worker.on('message', ({ index, result }: WorkerAnswer<Result>) => {
      finish(index, result);
      const following = take();
      if (following === undefined) return end(undefined);
      task = following;
      worker.postMessage(task);
    });
    worker.on('error', (error) => end(`the worker failed: ${String(error)}`));
    worker.on('exit', (code) => end(`the worker ended with code ${code}`));
    worker.postMessage(task);
  });
}

/** The test files at a path, in order of name; `.meta` holds no tests. */
export function testFiles(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const inside = join(path, entry.name);
      if (entry.isDirectory()) return entry.name.startsWith('.') ? [] : testFiles(inside);
      return entry.name.endsWith('.json') ? [inside] : [];
    });
}
