/** `ironfly run` as it is typed, and its reading of ABIs and files of accounts. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { type ArtifactEntry, decodeLog, decodeOutput, encodeCall } from './abi-calls.ts';
import { readStateFile } from './state-file.ts';

const BIN = fileURLToPath(new URL('../../../bin/ironfly.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'ironfly-run-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, 'run', ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const ABI: readonly ArtifactEntry[] = [
  {
    type: 'function',
    name: 'add',
    inputs: [
      { name: 'a', type: 'uint8' },
      { name: 'b', type: 'int256' },
    ],
    outputs: [
      { name: 'sum', type: 'uint256' },
      { name: '', type: 'string' },
    ],
  },
  { type: 'function', name: 'say', inputs: [{ name: 'what', type: 'string' }] },
  { type: 'function', name: 'set', inputs: [{ type: 'address' }, { type: 'bytes4' }] },
  { type: 'function', name: 'transfer', inputs: [{ type: 'address' }, { type: 'uint256' }] },
  {
    type: 'event',
    name: 'Transfer',
    inputs: [
      { name: 'from', type: 'address', indexed: true },
      { name: 'to', type: 'address', indexed: true },
      { name: 'value', type: 'uint256' },
    ],
  },
];
const word = (value: bigint) => BigInt.asUintN(256, value).toString(16).padStart(64, '0');

describe('calls by name', () => {
  test('values are encoded by their types', () => {
    expect(encodeCall('add(200, -3)', ABI).toHex().slice(8)).toBe(word(200n) + word(-3n));
    const transfer = encodeCall(`transfer(0x${'00'.repeat(19)}aa, 0x10)`, ABI);
    expect(transfer.toHex()).toBe(`a9059cbb${word(0xaan)}${word(16n)}`);
    const data = encodeCall(`set(0x${'aB'.repeat(20)}, 0x01020304)`, ABI)
      .subarray(4)
      .toHex();
    expect(data).toBe(`${'ab'.repeat(20).padStart(64, '0')}${'01020304'.padEnd(64, '0')}`);
  });

  test.each([
    ['add', 'not a call'],
    ['add(1)', 'add(uint8,int256)'],
    ['nothing()', 'the ABI has no nothing'],
    ['add(256, 0)', '256 is not a value of type uint8'],
    ['add(-1, 0)', '-1 is not a value of type uint8'],
    ['add(1.5, 0)', '1.5 is not a value of type uint8'],
    ['set(0xab, 0x01020304)', '0xab is not a value of type address'],
    ['say(hello)', '--input'],
  ])('%s is refused', (call, words) => {
    expect(() => encodeCall(call, ABI)).toThrow(words);
  });
});

test('outputs and logs are read by the ABI, where it tells', () => {
  const data = encodeCall('add(40, 2)', ABI);
  const text = `${word(2n)}${'6f6b'.padEnd(64, '0')}`;
  const output = Uint8Array.fromHex(word(42n) + word(64n) + text);
  expect(decodeOutput(data, output, ABI)).toEqual(['sum = 42', '"ok"']);
  expect(decodeOutput(data, output.subarray(0, 40), ABI)).toBeUndefined();
  expect(decodeOutput(new Uint8Array(4), output, ABI)).toBeUndefined();
  const topics = [
    '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef',
    `0x${word(0xaan)}`,
    `0x${word(0xbbn)}`,
  ] as const;
  const address = `0x${'00'.repeat(20)}` as const;
  const log = { address, topics, data: Uint8Array.fromHex(word(5n)) };
  const [from, to] = [`0x${'00'.repeat(19)}aa`, `0x${'00'.repeat(19)}bb`];
  expect(decodeLog(log, ABI)).toBe(`Transfer(from = ${from}, to = ${to}, value = 5)`);
  // ERC-721 has the same event with the last value indexed too.
  const indexed = { ...log, topics: [...topics, topics[1]], data: new Uint8Array() };
  expect(decodeLog(indexed, ABI)).toBeUndefined();
});

describe('the command', () => {
  test('prints what came of it, the steps apart', () => {
    const { status, stdout, stderr } = run('0x60026028015f5260205ff3', '--trace');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^status {3}success\ngas {6}22\noutput {3}0x0{62}2a\ntime /);
    const steps = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(steps).toHaveLength(9);
    expect(Object.keys(steps[0])).toEqual([
      'pc',
      'op',
      'gas',
      'gasCost',
      'memSize',
      'stack',
      'depth',
      'refund',
      'opName',
    ]);
    expect(steps[8]).toEqual({ output: `0x${word(42n)}`, gasUsed: '0x16' });
  });

  test('runs files of hex and artifacts of Foundry and Hardhat', () => {
    const code = '0x5f355f5260205ff3';
    for (const given of [
      file('code.hex', `${code}\n`),
      file('foundry.json', { deployedBytecode: { object: code }, abi: ABI }),
      file('hardhat.json', { deployedBytecode: code, abi: ABI }),
      file('solc.json', { evm: { deployedBytecode: { object: code } }, abi: ABI }),
    ]) {
      const { status, stdout } = run(given, '--input', `0x${word(7n)}`);
      expect([given, status, stdout.includes(`output   0x${word(7n)}`)]).toEqual([given, 0, true]);
    }
  });

  test('shows the beginning of what is more than a string holds', () => {
    // RETURN of 0x3fffffff bytes of zeros.
    const { status, stdout } = run('633fffffff5ff3', '--gas', '9000000000000000000');
    expect(status).toBe(0);
    expect(stdout.length).toBeLessThan(1_000_000);
    expect(stdout).toContain('(the first 262144 of 1073741823 bytes)');
  });

  test('starts from accounts of a file', () => {
    const other = `0x${'bb'.repeat(20)}`;
    const state = file('state.json', {
      alloc: {
        [other.slice(2)]: { balance: '77' },
        [`0x${'c0de'.padStart(40, '0')}`]: { storage: { '0x1': '0x5' } },
      },
    });
    // SLOAD(1) + BALANCE(other)
    const { stdout } = run(`60015473${'bb'.repeat(20)}31015f5260205ff3`, '--state', state);
    expect(stdout).toContain(`output   0x${word(82n)}`);
  });

  test.each([
    [['60zz'], 1, '60zz is neither hex nor a file'],
    [['00', '--call', 'x()'], 1, 'needs an ABI'],
    [['00', '--gas', '1e9'], 2, '1e9 is not a whole number'],
    [['00', '--fork', 'rome'], 2, 'the forks are frontier'],
    [['00', '--engine', 'steam'], 2, 'interpreter, compiler, auto'],
    [['00', '--state', '/nowhere.json'], 1, '/nowhere.json'],
    [['00', '--input', '0x1'], 1, '0x1 is not hex with whole bytes'],
    [['fe'], 1, ''],
  ])('%j ends with %i', (args, code, words) => {
    const { status, stderr } = run(...args);
    expect(status).toBe(code);
    expect(stderr).toContain(words);
  });
});

test('a file of accounts says where it is wrong', () => {
  expect(() => readStateFile(file('list.json', []))).toThrow('list.json is no file of accounts');
  expect(() => readStateFile(file('text.json', 'hello'))).toThrow('text.json');
  const wrong = file('wrong.json', { [`0x${'11'.repeat(20)}`]: { balance: 'much' } });
  expect(() => readStateFile(wrong)).toThrow(/balance is "much": give an integer/);
  const twice = file('twice.json', '{"0x1234": {}, "0x1234": {}}');
  expect(() => readStateFile(twice)).toThrow('0x1234 is there twice');
  const short = file('short.json', { '0x1234': {} });
  expect(() => readStateFile(short)).toThrow('0x1234 is no address');
});
