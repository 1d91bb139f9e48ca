/** A project for forge in a folder of its own, whose compiler is npm's: nothing is downloaded. */

import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { COUNTER_SOURCE } from './counter.ts';

export interface FoundryProject {
  readonly folder: string;
  /** Standard output. @throws Error with all that it printed, when it fails */
  forge(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<string>;
  /** A file that forge wrote, as JSON. */
  readJson(path: string): Promise<unknown>;
  remove(): Promise<void>;
}

const run = promisify(execFile);
const sourceOf = (name: string) => fileURLToPath(new URL(`./foundry/${name}`, import.meta.url));

const SETTINGS = `
[profile.default]
solc = "./solc"
offline = true
no_storage_caching = true
`;

/** @param binary forge's */
export async function createProject(binary: string): Promise<FoundryProject> {
  const folder = await mkdtemp(join(tmpdir(), 'ironfly-forge-'));
  for (const name of ['src', 'script', 'test', 'home']) await mkdir(join(folder, name));
  await writeFile(join(folder, 'foundry.toml'), SETTINGS);
  await writeFile(join(folder, 'src', 'Counter.sol'), COUNTER_SOURCE);
  await copyFile(sourceOf('Deploy.s.sol'), join(folder, 'script', 'Deploy.s.sol'));
  await copyFile(sourceOf('Fork.t.sol'), join(folder, 'test', 'Fork.t.sol'));
  const compiler = join(folder, 'solc');
  await writeFile(
    compiler,
    `#!/bin/sh\nexec '${process.execPath}' '${sourceOf('solc.mjs')}' "$@"\n`,
  );
  await chmod(compiler, 0o755);
  return {
    folder,
    forge: async (args, env = {}) => {
      // Settings and caches of whoever runs the tests are left alone.
      const given = { ...process.env, HOME: join(folder, 'home'), NO_COLOR: '1', ...env };
      const { stdout } = await run(binary, [...args], { cwd: folder, env: given }).catch(
        ({ message, stdout: said, stderr }) => {
          throw new Error(`${message}\n${said}\n${stderr}`);
        },
      );
      return stdout;
    },
    readJson: async (path) => JSON.parse(await readFile(join(folder, path), 'utf8')),
    remove: () => rm(folder, { recursive: true }),
  };
}
