#!/usr/bin/env node
// The `ironfly` command. It needs the Node.js that comes with the package (the `node-<os>-<cpu>`
// packages carry the binary), so under an older one it starts itself again on that.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as modules from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR_MIN = 24;
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'src', 'cli', 'main.ts');
const main = existsSync(source) ? source : join(root, 'dist', 'src', 'cli', 'main.js');

// What was compiled once is not compiled again: it halves the time to start.
modules.enableCompileCache?.();

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) {
  // In a clone of the repository the sources may have been edited since they were built.
  if (existsSync(source)) await import('../scripts/build-runtime.mjs');
  await import(main);
} else {
  const child = spawn(findNode(), [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => child.kill(signal));
  }
  child.on('exit', (code, signal) => {
    if (signal !== null) process.kill(process.pid, signal);
    else process.exit(code ?? 1);
  });
}

/** The binary of this platform's node package. */
function findNode() {
  const os = process.platform === 'win32' ? 'win' : process.platform;
  const name = `node-${os}-${process.arch}`;
  const binary = process.platform === 'win32' ? 'bin/node.exe' : 'bin/node';
  try {
    return modules.createRequire(import.meta.url).resolve(`${name}/${binary}`);
  } catch {
    process.stderr.write(
      `ironfly needs Node.js ${NODE_MAJOR_MIN} or newer, and this is ${process.version}.\n` +
        `The package ${name}, which carries it, is not installed: run npm install ${name},\n` +
        'or use a newer Node.js.\n',
    );
    process.exit(1);
  }
}
