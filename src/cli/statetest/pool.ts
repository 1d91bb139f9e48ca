/**
 * Many files of state tests on several threads. A thread takes one file at a time; the results
 * come out in the order of the files, whatever thread was faster.
 */

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CaseChoice, FileResult } from './cases.ts';
import type { MachineOptions } from './machine.ts';

export interface PoolOptions {
  /** Files and folders; folders are searched for `.json` files. */
  readonly paths: readonly string[];
  readonly machine: MachineOptions;
  readonly choice: CaseChoice;
  /** Threads, at least 1. */
  readonly jobs: number;
}

export interface PoolReport {
  /** Called once a file, in order. */
  readonly file: (path: string, result: FileResult) => void;
  /** Called as files are done, in any order. */
  readonly progress?: (done: number, total: number) => void;
}

/** What a worker is given when it starts. */
export interface WorkerSetup {
  readonly machine: MachineOptions;
  readonly choice: CaseChoice;
}

/** What a worker is asked, and answers. */
export interface WorkerTask {
  readonly index: number;
  readonly path: string;
}

export interface WorkerAnswer {
  readonly index: number;
  readonly result: FileResult;
}

/**
 * Runs all files and resolves when all are done.
 * @throws when a path does not exist
 */
export async function runPool(options: PoolOptions, report: PoolReport): Promise<void> {
  const files = options.paths.flatMap(testFiles);
  const results: (FileResult | undefined)[] = new Array(files.length);
  let next = 0;
  let done = 0;
  let reported = 0;
  const finish = (index: number, result: FileResult): void => {
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
    const path = files[next];
    return path === undefined ? undefined : { index: next++, path };
  };
  const count = Math.max(1, Math.min(options.jobs, files.length));
  const setup: WorkerSetup = { machine: options.machine, choice: options.choice };
  await Promise.all(Array.from({ length: count }, () => runWorker(setup, take, finish)));
}

/** Sources run as they are, the published package as JavaScript. */
const WORKER = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js';

/** Keeps one worker at work; one that dies fails its file and is replaced. */
async function runWorker(
  setup: WorkerSetup,
  take: () => WorkerTask | undefined,
  finish: (index: number, result: FileResult) => void,
): Promise<void> {
  for (let task = take(); task !== undefined; task = take()) {
    const died = await serve(setup, task, take, finish);
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
function serve(
  setup: WorkerSetup,
  first: WorkerTask,
  take: () => WorkerTask | undefined,
  finish: (index: number, result: FileResult) => void,
): Promise<Death | undefined> {
  const worker = new Worker(new URL(WORKER, import.meta.url), { workerData: setup });
  let task = first;
  return new Promise((resolve) => {
    const end = (reason: string | undefined): void => {
      void worker.terminate();
      resolve(reason === undefined ? undefined : { ...task, reason });
    };
    worker.on('message', ({ index, result }: WorkerAnswer) => {
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
