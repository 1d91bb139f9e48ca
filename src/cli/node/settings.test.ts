/** A node's settings: a file, the environment, options, and which of them counts. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, afterEach, expect, test } from 'vitest';
import { addSettings, type NodeSettings, settingsOf } from './settings.ts';

const place = mkdtempSync(join(tmpdir(), 'ironfly-settings-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));
const NAMES = ['IRONFLY_HTTP_PORT', 'IRONFLY_API', 'IRONFLY_DATADIR'];
afterEach(() => {
  for (const name of NAMES) delete process.env[name];
});

function settings(...given: string[]): NodeSettings {
  const command = addSettings(new Command('node')).exitOverride();
  command.configureOutput({ writeErr: () => {} });
  command.parse(given, { from: 'user' });
  return settingsOf(command);
}

function file(content: unknown): string {
  const path = join(place, 'node.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

test('options count for more than the environment, and that for more than the file', () => {
  const config = file({ datadir: 'a', 'http-port': 1, api: ['eth', 'net'], archive: true });
  expect(settings('--config', config)).toMatchObject({
    datadir: 'a',
    httpPort: 1,
    api: ['eth', 'net'],
    archive: true,
    authrpcPort: 8551,
  });
  process.env['IRONFLY_HTTP_PORT'] = '2';
  process.env['IRONFLY_API'] = 'web3';
  expect(settings('--config', config)).toMatchObject({ httpPort: 2, api: ['web3'] });
  const said = settings('--config', config, '--http-port', '3', '--datadir', 'b');
  expect(said).toMatchObject({ httpPort: 3, datadir: 'b', api: ['web3'] });
});

test('what is no setting is refused by its name', () => {
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    ['{', /node\.json: /],
    [[], /no object/],
    [{ datadri: 'a' }, /datadri is no setting/],
    [{ config: 'a' }, /config is no setting/],
    [{ 'http-port': 65_536 }, /http-port: 65536 is not a whole number/],
    [{ 'log-format': 'xml' }, /log-format: xml is none of text, json/],
    [{ archive: 1 }, /archive: is neither true nor false/],
    [{ api: [1] }, /api: is no text/],
    [{ 'extra-data': 'x'.repeat(33) }, /extra data has at most 32 bytes/],
  ];
  for (const [content, message] of wrong) {
    expect(() => settings('--config', file(content)), String(message)).toThrow(message);
  }
  expect(() => settings()).toThrow(/name --datadir/);
});

test('numbers and lists are read as on the command line', () => {
  const given = settings('--datadir', 'd', '--api', 'eth, net', '--gas-limit', '60000000');
  expect(given).toMatchObject({ api: ['eth', 'net'], gasLimit: 60_000_000n, host: '127.0.0.1' });
  expect(settings('--datadir', 'd', '--extra-data', 'ab').extraData).toBe('0x6162');
  expect(settings('--datadir', 'd', '--extra-data', '0xAB').extraData).toBe('0xab');
});
