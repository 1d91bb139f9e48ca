import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { lockFolder } from './lock.ts';
import type { Contended } from './lock-contender.ts';

const startOf = (pid: number): string => {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] as string;
};

test.runIf(process.platform === 'linux')(
  'a folder is free when its process was killed, though nobody has noticed',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ironfly-lock-'));
    // What `sleep` inherits from the shell it never waits for: killed, it stays as a zombie.
    const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60']);
    try {
      const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)));
      writeFileSync(join(folder, 'lock'), `${pid} ${startOf(pid)}\n`);
      await expect(lockFolder(folder)).rejects.toThrow(`in use by process ${pid}`);
      process.kill(pid, 'SIGKILL');
      while (!readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await (await lockFolder(folder)).release();
    } finally {
      parent.kill('SIGKILL');
      rmSync(folder, { recursive: true });
    }
  },
);

const CONTENDER = fileURLToPath(new URL('lock-contender.ts', import.meta.url));

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'ironfly-lock-'));
}

async function contendInProcess(task: object): Promise<Contended> {
  const child = spawn(process.execPath, [CONTENDER, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, error] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (child.exitCode === null) await once(child, 'exit');
  expect(child.exitCode, error).toBe(0);
  return JSON.parse(out);
}

test('one of many has a folder, also where the one before it ended', {
  timeout: 60_000,
}, async () => {
  const folder = newFolder();
  try {
    const all = Array.from({ length: 5 }, () => contendInProcess({ folder, milliseconds: 2500 }));
    const counts = await Promise.all(all);
    expect(counts.reduce((sum, { held }) => sum + held, 0)).toBeGreaterThan(20);
    expect(counts.reduce((sum, { refused }) => sum + refused, 0)).toBeGreaterThan(20);
    expect(readdirSync(folder).filter((name) => name !== 'lock')).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.runIf(process.platform === 'linux')('another thread is another', async () => {
  const folder = newFolder();
  try {
    const lock = await lockFolder(folder);
    const worker = new Worker(CONTENDER, { workerData: { folder, milliseconds: 0 } });
    const [counts] = await once(worker, 'message');
    expect(counts).toEqual({ held: 0, refused: 1 });
    await lock.release();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a lock is released once', async () => {
  const folder = newFolder();
  try {
    const first = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'database/in use' });
    await first.release();
    const second = await lockFolder(folder);
    await first.release();
    await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'database/in use' });
    expect(readdirSync(folder)).toEqual(['lock']);
    await second.release();
    expect(readdirSync(folder)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
