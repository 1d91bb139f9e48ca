/** Lines of a log. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { createLogger, type LoggerOptions, SILENT } from './logger.ts';

function lines(options: LoggerOptions) {
  const written: string[] = [];
  return { written, log: createLogger({ ...options, write: (line) => written.push(line) }) };
}

test('lines are of a level and above', () => {
  const { written, log } = lines({ level: 'warn' });
  log.error('a');
  log.warn('b');
  log.info('c');
  log.debug('d');
  expect(written.map((line) => line.slice(25))).toEqual(['error a\n', 'warn  b\n']);
  expect([log.writes('warn'), log.writes('info')]).toEqual([true, false]);
  expect(SILENT.writes('error')).toBe(false);
});

test('lines for programs are JSON', () => {
  const { written, log } = lines({ level: 'info', format: 'json' });
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  log.with({ endpoint: 'http' }).info('a "b"\n', { big: 7n, list: [1n, '\n'], cycle, none: null });
  const [line = ''] = written;
  expect(line.split('\n').length).toBe(2);
  expect(JSON.parse(line)).toMatchObject({
    level: 'info',
    message: 'a "b"\n',
    endpoint: 'http',
    big: '7',
    list: '["1","\\n"]',
    cycle: '[object Object]',
    none: null,
  });
  expect(new Date(JSON.parse(line).time).getTime()).toBeGreaterThan(0);
});

test('what a client sends makes no line and no command of a terminal', () => {
  const { written, log } = lines({ level: 'debug' });
  log.debug('request', { method: 'a\n2026 error stolen\u001b[2J\u009b1m', long: 'x'.repeat(1e6) });
  const [line = ''] = written;
  expect(line.length).toBeLessThan(1_200);
  expect(line.slice(0, -1)).not.toMatch(/\p{Cc}/u);
  expect(line).toContain('method="a\\n2026 error stolen\\u001b[2J\\u009b1m"');
});

test('an error is shown with where it was thrown', () => {
  const { written, log } = lines({ format: 'json' });
  log.error('failed', { error: new Error('why') });
  expect(JSON.parse(written[0] ?? '').error).toMatch(/^Error: why\n {4}at /);
});

test('a log that nobody reads any more does not end the process', async () => {
  const logger = new URL('./logger.ts', import.meta.url).href;
  const program = `
    const { createLogger } = await import('${logger}');
    const log = createLogger();
    process.stdin.once('data', async () => {
      for (let i = 0; i < 10; i++) {
        log.info('a line');
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      process.exit(7);
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  child.stderr.destroy();
  child.stdin.write('go');
  expect((await once(child, 'exit'))[0]).toBe(7);
});
