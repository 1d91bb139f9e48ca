/** Compiled modules on disk: found again, told apart, passed over when damaged, bounded. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loop } from '../../../test/opened-machine.ts';
import type { ForkName } from '../forks/names.ts';
import { type CompileJob, compileJob } from './compilation.ts';
import { FILES_MAX } from './module-files.ts';

let directory = '';
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'ironfly-modules-')), 'made', 'by', 'us');
});
afterEach(() => rmSync(join(directory, '..', '..', '..'), { recursive: true }));

function job(tag: number, fork: ForkName = 'osaka', generation = 1): CompileJob {
  const hash = `0x${tag.toString(16).padStart(64, '0')}` as const;
  const code = Uint8Array.fromHex(loop(100, tag));
  return { hash, code, fork, shared: true, heat: undefined, generation, directory };
}

const files = () => readdirSync(directory).toSorted();

it('keeps what was compiled, by code, fork and compiler, and compiles it no more', () => {
  const first = compileJob(job(1));
  expect(files()).toEqual([expect.stringMatching(/^0{63}1-osaka-shared-[0-9a-f]{16}\.module$/)]);
  const path = join(directory, files()[0] as string);
  const before = readFileSync(path);
  utimesSync(path, 1, 1);
  // Found by its hash alone: this code would compile to something else.
  const again = compileJob({ ...job(1), code: Uint8Array.fromHex(loop(100, 2)) });
  expect(again.note).toBeUndefined();
  expect(again.compiled?.slots).toEqual(first.compiled?.slots);
  expect(again.compiled?.wasmBytes).toBe(first.compiled?.wasmBytes);
  expect(readFileSync(path)).toEqual(before);
  compileJob(job(2));
  compileJob(job(1, 'cancun'));
  expect(files()).toHaveLength(3);
});

it('is written over by a later compilation of the same code', () => {
  compileJob(job(1));
  const path = join(directory, files()[0] as string);
  writeFileSync(path, 'old');
  compileJob(job(1, 'osaka', 2));
  expect(readFileSync(path).length).toBeGreaterThan(100);
  expect(files()).toHaveLength(1);
});

it('passes over a damaged file with a note, and makes it good', () => {
  const { compiled } = compileJob(job(1));
  const path = join(directory, files()[0] as string);
  const good = readFileSync(path);
  const damages: Uint8Array[] = [new Uint8Array(), good.subarray(0, 20), good.subarray(0, 40)];
  for (const at of [0, 31, 32, 35, 36, 60, good.length - 1]) {
    const bad = Uint8Array.from(good);
    bad[at] = (bad[at] as number) ^ 1;
    damages.push(bad);
  }
  for (const damaged of damages) {
    writeFileSync(path, damaged);
    const again = compileJob(job(1));
    expect(again.note).toContain('damaged');
    expect(again.note).toContain(path);
    expect(again.compiled?.slots).toEqual(compiled?.slots);
    expect(Uint8Array.from(readFileSync(path))).toEqual(Uint8Array.from(good));
  }
});

it('lets go of the files that were not read for longest', () => {
  compileJob(job(0));
  const [kept = ''] = files();
  for (let i = 0; i < FILES_MAX; i++) {
    const path = join(directory, `${i}.module`);
    writeFileSync(path, '');
    utimesSync(path, i + 1, i + 1);
  }
  // Counted now and then only.
  for (let i = 1; i <= FILES_MAX / 16 + 1; i++) compileJob(job(i));
  const left = files();
  expect(left.length).toBeLessThanOrEqual(FILES_MAX + FILES_MAX / 16);
  expect(left).toContain(kept);
  expect(left).not.toContain('0.module');
  expect(left).toContain(`${FILES_MAX - 1}.module`);
  expect(left.filter((name) => name.endsWith('.draft'))).toEqual([]);
});
