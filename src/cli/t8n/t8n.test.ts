/**
 * The command as others drive it. Inputs and what is expected of them are those of geth's
 * cmd/evm/testdata (1, 4, 5, 13, 24), shortened.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test, vi } from 'vitest';
import { type TransitionOptions, transitionTool } from '../t8n.ts';
import { EXIT_CODES } from './fault.ts';

// Each start of a process takes seconds where others have the processor.
vi.setConfig({ testTimeout: 600_000 });

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'ironfly-t8n-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ALL_STDIN = ['alloc', 'env', 'txs'].flatMap((name) => [`--input.${name}`, 'stdin']);
const TO_STDOUT = ['--output.alloc', 'stdout', '--output.result', 'stdout'];

function t8n(args: readonly string[], stdin: unknown = '') {
  const input = typeof stdin === 'string' ? stdin : JSON.stringify(stdin);
  const done = spawnSync(process.execPath, [MAIN, 't8n', ...args], { input, encoding: 'utf8' });
  const { status, stdout, stderr } = done;
  return { status, stderr, output: stdout === '' ? undefined : JSON.parse(stdout) };
}

const SENDER = '0x8a8eafb1cf62bfbeb1741769dae1a9dd47996192';
const MINER = '0xc94f5374fce5edbc8e2a8697c15331677e6ebf0b';
const FIRST = {
  alloc: {
    a94f5374fce5edbc8e2a8697c15331677e6ebf0b: {
      balance: '0x5ffd4878be161d74',
      code: '0x',
      nonce: '0xac',
      storage: {},
    },
    [SENDER]: { balance: '0xfeedbead', nonce: '0x00' },
  },
  env: {
    currentCoinbase: MINER,
    currentDifficulty: '0x20000',
    currentGasLimit: '0x750a163df65e8a',
    currentNumber: '1',
    currentTimestamp: '1000',
  },
  txs: [1, 2].map(() => ({
    gas: '0x5208',
    gasPrice: '0x2',
    input: '0x',
    nonce: '0x0',
    r: '0x9500e8ba27d3c33ca7764e107410f44cbd8c19794bde214d694683a7aa998cdb',
    s: '0x7235ae07e4bd6e0206d102b1f8979d6adab280466b6a82d2208ee08951f1f600',
    to: SENDER,
    v: '0x1b',
    value: '0x1',
  })),
};

test('a block comes to the roots of geth; what cannot be in it is named', () => {
  const { status, output } = t8n([...ALL_STDIN, ...TO_STDOUT, '--state.fork', 'Byzantium'], FIRST);
  expect(status).toBe(0);
  expect(output.result).toMatchObject({
    stateRoot: '0x84208a19bc2b46ada7445180c1db162be5b39b9abc8c0a54b05d32943eae4e13',
    txRoot: '0xc4761fd7b87ff2364c7c60b6c5c8d02e522e815328aaea3f20e3b7b7ef52c42d',
    receiptsRoot: '0x056b23fbba480696b65fe5a59b8f2148a1299103c4f57df839233af2cf4ca2d2',
    gasUsed: '0x5208',
    requests: null,
    rejected: [{ index: 1, error: expect.stringMatching(/^nonce too low: /) }],
  });
  expect(output.alloc).toEqual({
    [SENDER]: { balance: '0xfeed1a9d', nonce: '0x1' },
    '0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b': { balance: '0x5ffd4878be161d74', nonce: '0xac' },
    [MINER]: { balance: '0xa410' },
  });
});

test('miners and those of uncles are paid', () => {
  const [one, two] = [`0x${'bb'.repeat(20)}`, `0x${'cc'.repeat(20)}`];
  const ommers = [one, two].map((address, index) => ({ delta: index + 1, address }));
  const input = { alloc: {}, env: { ...FIRST.env, ommers }, txs: [] };
  const fork = ['--state.fork', 'Byzantium'];
  const paid = t8n([...ALL_STDIN, ...TO_STDOUT, ...fork, '--state.reward', '0x80'], input);
  expect(paid.output.alloc).toEqual({
    [one]: { balance: '0x70' },
    [two]: { balance: '0x60' },
    [MINER]: { balance: '0x88' },
  });
  const unpaid = t8n([...ALL_STDIN, ...TO_STDOUT, ...fork, '--state.reward', '-1'], input);
  expect(unpaid.output.alloc).toEqual({});
});

test('keys sign; the body is written as RLP, and read again', () => {
  const files = { alloc: join(folder, 'alloc.json'), env: join(folder, 'env.json') };
  const key = '0x41f6e321b31e72173f8ff2e292359e1862f24fba42fe6f97efaf641980eff298';
  const account = { balance: '0x01000000000000', nonce: '0x01' };
  writeFileSync(
    files.alloc,
    JSON.stringify({ '0xd02d72e067e77158444ef2020ff2d325f929b363': account }),
  );
  writeFileSync(files.env, JSON.stringify({ ...FIRST.env, currentBaseFee: '0x036b' }));
  const txs = ['0x1', '0x2'].map((nonce) => ({
    type: '0x2',
    chainId: '0x1',
    nonce,
    to: `0x${'11'.repeat(20)}`,
    gas: '0x84d0',
    maxFeePerGas: '0xfa0',
    maxPriorityFeePerGas: '0x0',
    input: '0x',
    value: '0x0',
    secretKey: key,
  }));
  writeFileSync(join(folder, 'txs.json'), JSON.stringify(txs));
  const inputs = ['--input.alloc', files.alloc, '--input.env', files.env, '--state.fork', 'London'];
  const out = join(folder, 'made', 'here');
  const outputs = ['--output.basedir', out, '--output.body', 'body.rlp'];
  const first = t8n([...inputs, '--input.txs', join(folder, 'txs.json'), ...outputs]);
  expect(first).toMatchObject({ status: 0, stderr: '' });
  const body = readFileSync(join(out, 'body.rlp'), 'utf8');
  expect(JSON.parse(body)).toMatch(
    /^0xf8d2b86702f864010180820fa08284d094(11){20}8080c001a0b7dfab36/,
  );
  const result = readFileSync(join(out, 'result.json'), 'utf8');
  const again = t8n([...inputs, '--input.txs', join(out, 'body.rlp'), ...outputs]);
  expect(again.status).toBe(0);
  expect(readFileSync(join(out, 'body.rlp'), 'utf8')).toBe(body);
  expect(readFileSync(join(out, 'result.json'), 'utf8')).toBe(result);
  expect(existsSync(join(out, 'alloc.json'))).toBe(true);
});

test('the steps of each transaction in the block are a file', () => {
  const contract = `0x${'22'.repeat(20)}`;
  const sender = '0xd02d72e067e77158444ef2020ff2d325f929b363';
  const alloc = {
    [sender]: { balance: '0x01000000000000', nonce: '0x01' },
    [contract]: { balance: '0x0', code: '0x600760015500' },
  };
  // The second has the first one's nonce, and the third has not the gas.
  const txs = [
    ['0x1', '0x20000'],
    ['0x1', '0x20000'],
    ['0x2', '0x5209'],
  ].map(([nonce, gas]) => ({
    nonce,
    to: contract,
    gas,
    gasPrice: '0x1',
    input: '0x',
    value: '0x0',
    secretKey: '0x41f6e321b31e72173f8ff2e292359e1862f24fba42fe6f97efaf641980eff298',
  }));
  const out = join(folder, 'traced');
  const options = ['--state.fork', 'Istanbul', '--output.basedir', out, '--trace'];
  expect(t8n([...ALL_STDIN, ...options], { alloc, env: FIRST.env, txs }).status).toBe(0);
  const { receipts } = JSON.parse(readFileSync(join(out, 'result.json'), 'utf8'));
  const hashes = receipts.map((receipt: { transactionHash: string }) => receipt.transactionHash);
  expect(hashes).toHaveLength(2);
  const files = [0, 1].map((index) => `trace-${index}-${hashes[index]}.jsonl`);
  expect(readdirSync(out).sort()).toEqual(['alloc.json', 'result.json', ...files].sort());
  const [first = [], second = []] = files.map((file): Record<string, unknown>[] =>
    readFileSync(join(out, file), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  );
  expect(first.map(({ opName }) => opName)).toEqual([
    ...['PUSH1', 'PUSH1', 'SSTORE', 'STOP'],
    undefined,
  ]);
  expect(first[2]).toMatchObject({ pc: 4, stack: ['0x7', '0x1'], gasCost: '0x4e20', depth: 1 });
  expect(first[4]).toEqual({ output: '0x', gasUsed: '0xa02e' });
  expect(second.at(-1)).toMatchObject({ gasUsed: '0x5209', error: 'out of gas' });
});

/** The code of the refusal, and its text; by files, without a process. */
async function refusal(input: unknown, fork: string): Promise<(string | undefined)[]> {
  const parts = input as Record<string, unknown>;
  const options: Record<string, unknown> = {
    'output.basedir': folder,
    'output.alloc': '',
    'output.result': 'result.json',
    'output.body': '',
    'state.fork': fork,
    'state.chainid': 1n,
    'state.reward': 0n,
    engine: 'interpreter',
  };
  for (const name of ['alloc', 'env', 'txs']) {
    const part = parts[name];
    const file = join(
      folder,
      name === 'txs' && typeof part === 'string' ? 'x.rlp' : `${name}.json`,
    );
    options[`input.${name}`] = part === undefined ? join(folder, 'nowhere.json') : file;
    writeFileSync(file, String(part).startsWith('{') ? String(part) : JSON.stringify(part ?? ''));
  }
  const error = await transitionTool(options as unknown as TransitionOptions);
  return [error?.code, error?.message];
}

test('whoever cannot be served is told why; the exit codes are those of geth', async () => {
  const env = (more: object) => ({ ...FIRST, env: { ...FIRST.env, ...more } });
  const refused = async (code: string, text: string, input: unknown, fork = 'Berlin') =>
    expect(await refusal(input, fork)).toEqual([code, expect.stringContaining(text)]);
  // BLOCKHASH(3) in block 5.
  const asking = {
    ...env({ currentNumber: '5' }),
    alloc: {
      '0x095e7baea6a6c7c4c2dfeb977efac326af552d87': { balance: '0x0', code: '0x600340' },
      '0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b': { balance: '0xffffffff' },
    },
    txs: [
      {
        gas: '0xffff',
        gasPrice: '0x1',
        nonce: '0x0',
        to: '0x095e7baea6a6c7c4c2dfeb977efac326af552d87',
        secretKey: '0x45a915e4d060149eb4365960e6a7a45f334393093061116b197e3240065ff2d8',
      },
    ],
  };
  await refused('t8n/missing block hash', 'the hash of block 3', asking);
  await refused('t8n/configuration', 'Frontier+1346 is no fork', FIRST, 'Frontier+1346');
  const post = { currentDifficulty: null, currentBaseFee: '0x7' };
  await refused('t8n/configuration', 'needs currentRandom', env(post), 'Paris');
  // No system contract is there to be asked.
  const parentBeaconBlockRoot = `0x${'00'.repeat(32)}`;
  const prague = { ...post, currentRandom: '0x1', withdrawals: [], parentBeaconBlockRoot };
  await refused('t8n/execution', 'system contract missing', env(prague), 'Prague');
  await refused('t8n/json', 'env.json', { ...FIRST, env: '{' });
  const part = (alloc: unknown) => ({ ...FIRST, alloc: { [SENDER]: alloc } });
  const signed = (secretKey: string) => ({ ...FIRST, txs: [{ ...asking.txs[0], secretKey }] });
  const reward = (delta: unknown) => env({ ommers: [{ delta, address: MINER }] });
  await refused('t8n/json', 'currentNumber is -1', env({ currentNumber: -1 }));
  await refused('t8n/json', '.nonce is -1', part({ balance: '0x0', nonce: -1 }));
  await refused('t8n/json', '.balance is ', part({ balance: `0x1${'00'.repeat(32)}` }));
  await refused('t8n/json', 'ommers[0].delta is 9', reward(9));
  await refused('t8n/json', 'ommers[0].delta is -1', reward(-1));
  await refused('t8n/json', '[0].secretKey is "0x00', signed(`0x${'00'.repeat(32)}`));
  await refused('t8n/json', '[0].secretKey is "0xff', signed(`0x${'ff'.repeat(32)}`));
  await refused('t8n/json', '[0].value is -1', { ...FIRST, txs: [{ value: -1 }] });
  await refused('t8n/json', 'currentNumber is there twice', {
    ...FIRST,
    env: '{"currentNumber": 1, "currentNumber": 2}',
  });
  for (const fork of ['BPO3', 'OsakaToBPO3AtTime15k', 'BPO2ToBPO3AtTime15k']) {
    await refused('t8n/configuration', `${fork} is no fork`, env(prague), fork);
  }
  const large = env({ currentNumber: '0x10000000000000000' });
  await refused('t8n/json', 'currentNumber is "0x10000000000000000"', large);
  await refused('t8n/file', 'nowhere.json', { ...FIRST, alloc: undefined });
  await refused('t8n/rlp', 'the transactions are not RLP', { ...FIRST, txs: '0xc2' });
  expect(EXIT_CODES).toEqual({
    't8n/execution': 2,
    't8n/configuration': 3,
    't8n/missing block hash': 4,
    't8n/json': 10,
    't8n/file': 11,
    't8n/rlp': 12,
  });
  expect(t8n([...ALL_STDIN, '--state.fork', 'Nowhere'], FIRST)).toMatchObject({
    status: 3,
    stderr: expect.stringMatching(/^ERROR\(3\): Nowhere is no fork/),
  });
});
