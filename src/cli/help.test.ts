/** Every command says what it takes. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

/** The help of a command, and the names of those below it. */
function helpOf(path: readonly string[]): { readonly text: string; readonly below: string[] } {
  const text = execFileSync(process.execPath, [MAIN, ...path, '--help'], { encoding: 'utf8' });
  const [, commands = ''] = text.split(/^Commands:$/m);
  const names = [...commands.matchAll(/^ {2}([a-z0-9-]+)/gm)].map(([, name]) => name as string);
  return { text, below: names.filter((name) => name !== 'help') };
}

test('--help of every command', () => {
  const seen: string[] = [];
  const waiting: string[][] = [[]];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const { text, below } = helpOf(path);
    expect(text).toContain(`Usage: ${['ironfly', ...path].join(' ')}`);
    seen.push(path.join(' '));
    for (const name of below) waiting.push([...path, name]);
  }
  expect(seen).toEqual(expect.arrayContaining(['', 'run', 't8n', 'export', 'db', 'db restore']));
  expect(seen.length).toBeGreaterThanOrEqual(19);
});

test('numbers of any size are shown when they are left out', () => {
  expect(helpOf(['run']).text).toContain('(default: 1000000000)');
  expect(helpOf(['t8n']).text).toContain('(default: 1)');
});
