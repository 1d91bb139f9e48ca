/** Anvil does not outlive who started it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findBinary } from './anvil.ts';

const PROGRAM = `
  const { launchAnvil } = await import('${new URL('anvil.ts', import.meta.url)}');
  const anvil = await launchAnvil([]);
  console.log(await anvil.ask('eth_chainId', []));
  if (process.env.STOPS === undefined) setInterval(() => {}, 1_000);
  else anvil.stop();
`;

/** Starts one in a folder of its own; what it asked first, and whether the folder is empty. */
function started(env: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'ironfly-anvil-test-'));
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM], {
    env: { ...process.env, ...env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const isEmpty = () => readdirSync(folder).length === 0;
  return { child, isEmpty, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

test.skipIf(findBinary() === undefined).each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
  'nor by %s',
  async (signal) => {
    const { child, isEmpty, remove } = started({});
    try {
      const [text] = await once(child.stdout, 'data');
      expect(String(text)).toBe('0x7a69\n');
      expect(isEmpty()).toBe(false);
      child.kill(signal);
      await once(child, 'exit');
      // The folder goes when Anvil has gone.
      await expect.poll(isEmpty, { timeout: 20_000 }).toBe(true);
    } finally {
      remove();
    }
  },
  60_000,
);

test.skipIf(findBinary() === undefined)(
  'who stopped it ends by itself',
  async () => {
    const { child, isEmpty, remove } = started({ STOPS: '1' });
    try {
      const [code] = await once(child, 'exit');
      expect(code).toBe(0);
      await expect.poll(isEmpty, { timeout: 20_000 }).toBe(true);
    } finally {
      remove();
    }
  },
  60_000,
);
