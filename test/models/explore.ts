/**
 * Models in Promela, explored whole by spin (Debian: `spin`), which writes a program in C for a
 * model that goes through all of its states.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Exploration {
  /** States that are distinct. */
  readonly states: number;
  /** What was violated; undefined where nothing was. */
  readonly fault: string | undefined;
}

export interface ExploreOptions {
  /** Values of the model's constants. */
  readonly constants: Readonly<Record<string, number>>;
  /** MiB; past it the exploration ends as a fault. 4,096 when left out. */
  readonly memoryMax?: number;
}

const DEPTH_MAX = 2_000_000;

/** Whether spin and a compiler are here. */
export function canExplore(): boolean {
  const runs = (command: string, option: string) => spawnSync(command, [option]).status === 0;
  return runs('spin', '-V') && runs('cc', '--version');
}

/** @throws Error for a model that spin or the compiler refuses */
export function explore(
  model: string,
  { constants, memoryMax = 4_096 }: ExploreOptions,
): Exploration {
  const folder = mkdtempSync(join(tmpdir(), 'ironfly-model-'));
  const run = (command: string, args: readonly string[]) =>
    execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
  try {
    writeFileSync(join(folder, 'model.pml'), model);
    const defined = Object.entries(constants).map(([name, value]) => `-D${name}=${value}`);
    run('spin', [...defined, '-a', 'model.pml']);
    const flags = ['-w', '-O2', '-DSAFETY', '-DCOLLAPSE', `-DMEMLIM=${memoryMax}`];
    run('cc', [...flags, '-o', 'pan', 'pan.c']);
    return resultOf(run(join(folder, 'pan'), [`-m${DEPTH_MAX}`, '-n']));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function resultOf(output: string): Exploration {
  const states = Number(/([\d.e+]+) states, stored/.exec(output)?.[1] ?? Number.NaN);
  const errors = Number(/errors: (\d+)/.exec(output)?.[1] ?? Number.NaN);
  const notWhole = /(max search depth too small|out of memory|reached -DMEMLIM)/.exec(output);
  const violated = /pan:\d+: (.*)/.exec(output)?.[1];
  const fault = notWhole?.[1] ?? violated ?? (errors === 0 ? undefined : 'errors');
  return { states, fault };
}
