import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lockFolder } from './lock.ts';

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
