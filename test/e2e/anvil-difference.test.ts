/**
 * The same requests to Anvil and to `ironfly dev`, their answers side by side: what may differ is a
 * closed list, each class with its reason.
 */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AnvilProcess, findBinary, launchAnvil } from '../../src/cli/bench/anvil.ts';
import { requests } from './anvil-requests.ts';
import { compileCounter } from './counter.ts';
import { type DevProcess, startDev } from './dev-process.ts';

const START = '1700000000';

let anvil: AnvilProcess | undefined;
let dev: DevProcess | undefined;

interface Outcome {
  readonly result?: unknown;
  readonly error?: string;
}

async function outcomeOf(ask: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { result: (await ask()) ?? null };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

beforeAll(async () => {
  const common = ['--hardfork', 'osaka', '--timestamp', START];
  anvil = await launchAnvil(common);
  dev = await startDev(...common);
  await anvil?.ask('evm_setAutomine', [true]);
}, 60_000);

afterAll(async () => {
  anvil?.stop();
  await dev?.stop();
});

/** Paths of what differs, with both. */
function differences(path: string, ours: unknown, theirs: unknown): string[] {
  if (typeof ours === 'string' && typeof theirs === 'string') {
    if (ours.toLowerCase() === theirs.toLowerCase()) return [];
  }
  if (ours === theirs) return [];
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null;
  if (!isObject(ours) || !isObject(theirs)) {
    return [`${path}: ${JSON.stringify(ours)} | ${JSON.stringify(theirs)}`];
  }
  const names = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  return [...names].flatMap((name) => differences(`${path}.${name}`, ours[name], theirs[name]));
}

/** All that may differ: where, and why. */
const ALLOWED: readonly (readonly [path: RegExp, reason: string])[] = [
  [
    /\.(timestamp|blockTimestamp)$/,
    'blocks of Anvil may have equal seconds; here they rise, as Ethereum demands',
  ],
  [
    /\.(hash|blockHash|parentHash|stateRoot|mixHash|size)$/,
    'they follow from the timestamps, and from PREVRANDAO, which Anvil draws by chance',
  ],
  [
    /^eth_feeHistory\.result\.baseFeePerGas\.0$/,
    'after evm_revert Anvil goes on with the base fee of the block that is gone',
  ],
  [/^eth_createAccessList\.result\.accessList\./, 'of Anvil in an order by chance'],
  [/\.totalDifficulty$/, 'gone from execution-apis since the merge'],
  [/^eth_getBlockReceipts\..*\.blobGasPrice$/, 'of transactions with blobs alone, as in geth'],
  [/^eth_gasPrice\.result$/, 'an advice'],
  [
    /^(anvil_\w*mpersonat\w*|anvil_setCoinbase|evm_setAutomine)\.result$/,
    'true, as Hardhat answers; Anvil answers null, and no client looks',
  ],
  [/^txpool_content\.result\.pending\.0x/, 'addresses have their checksum, as in geth'],
];

/** Prose differs; what clients look for in it must be in both. */
const WORDS: readonly RegExp[] = [
  /execution reverted/,
  /nothing to add/,
  /nonce too low/,
  /insufficient funds/i,
  /intrinsic gas/,
  /No Signer available/,
  /Timestamp error/,
];
/** What Anvil says of requests that it cannot read is of Rust. */
const UNREADABLE = /did not match any variant/;

function isAllowed(path: string, ours: Outcome, theirs: Outcome): boolean {
  if (ours.error !== undefined && theirs.error !== undefined) {
    if (UNREADABLE.test(theirs.error)) return true;
    const [said, expected] = [ours.error, theirs.error];
    return (
      WORDS.some((word) => word.test(said)) &&
      WORDS.every((word) => word.test(said) === word.test(expected))
    );
  }
  return ALLOWED.some(([allowed]) => allowed.test(path));
}

/** Anvil answers before the block is there. */
async function mined(hash: unknown): Promise<void> {
  const { ask } = anvil as AnvilProcess;
  if (typeof hash !== 'string' || (await ask('anvil_getAutomine', [])) !== true) return;
  await expect.poll(() => ask('eth_getTransactionReceipt', [hash])).not.toBeNull();
}

/** Of a transaction that nobody signed the hash is each node's own. */
const isUnsigned = (method: string, params: readonly unknown[]) =>
  method === 'eth_sendTransaction' && JSON.stringify(params).includes('deadbeef');

test.skipIf(findBinary() === undefined)(
  'they differ only where it is said',
  async () => {
    const found: string[] = [];
    for (const [method, params] of requests(compileCounter())) {
      const ours = await outcomeOf(() => (dev as DevProcess).ask(method, ...params));
      const theirs = await outcomeOf(() => (anvil as AnvilProcess).ask(method, params));
      if (method === 'eth_sendTransaction') await mined(theirs.result);
      if (isUnsigned(method, params) && ours.result && theirs.result) continue;
      for (const each of differences(method, ours, theirs)) {
        const [path = ''] = each.split(': ');
        if (!isAllowed(path, ours, theirs)) found.push(each);
      }
    }
    expect(found).toEqual([]);
  },
  60_000,
);
