/**
 * Where the official fixtures lie: below the folder that IRONFLY_FIXTURES names, else unpacked,
 * suite by suite, from ../shared/fixtures beside the checkout into .cache/fixtures; else nowhere.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Folder of a suite, or undefined where there is none; with CI=true that is an error. */
export function fixtures(suite: string): string | undefined {
  const given = process.env['IRONFLY_FIXTURES'];
  const base = given ?? join(ROOT, '.cache', 'fixtures');
  const folder = join(base, suite);
  if (existsSync(folder)) return folder;
  const unpack = join(ROOT, '..', 'shared', 'fixtures', 'unpack');
  if (given === undefined && existsSync(unpack)) {
    execFileSync(unpack, [base, suite], { stdio: 'ignore' });
    if (existsSync(folder)) return folder;
  }
  if (process.env['CI'] === 'true') throw new Error(`the fixtures ${suite} are missing`);
  console.warn(`skipped for want of fixtures: ${suite}`);
  return undefined;
}
