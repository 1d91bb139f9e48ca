/**
 * The transition tool beside official blockchain tests: each valid block goes through it as
 * environment and transactions, upon the accounts that it wrote for the parent, and what it says
 * is held against the block's header. IRONFLY_T8N_ONE_IN=1 takes every test.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { readJson } from '../../src/base/json-field.ts';
import { type Block, decodeBlock } from '../../src/chain/blocks/block.ts';
import type { BlockHeader } from '../../src/chain/blocks/header.ts';
import { blockRewards } from '../../src/chain/blocks/rewards.ts';
import { type BlockRules, ForkTimeline } from '../../src/chain/chain-spec.ts';
import { readAccounts } from '../../src/chain/genesis-files/accounts.ts';
import { Machines } from '../../src/chain/machines.ts';
import { decodeTransaction } from '../../src/chain/transactions/decode.ts';
import { type BlockTest, parseBlockTests } from '../../src/cli/blocktest/fixture.ts';
import { isSampled } from '../../src/cli/sample.ts';
import { readEnvironment } from '../../src/cli/t8n/environment.ts';
import { allocJson, bodyJson, resultJson } from '../../src/cli/t8n/result.ts';
import { jsonTransactions, rlpTransactions } from '../../src/cli/t8n/transactions.ts';
import { transition } from '../../src/cli/t8n/transition.ts';
import type { Hash } from '../../src/evm/types.ts';
import { MemoryState } from '../../src/state/memory.ts';
import { fixtures } from '../fixtures.ts';

const ONE_IN = Number(process.env['IRONFLY_T8N_ONE_IN'] ?? 40);
const machines = new Machines({ engine: 'interpreter' });

describe.each([
  ['eest-v5.4.0', 'blockchain_tests'],
  ['legacytests-Cancun', 'BlockchainTests'],
  ['eest-bal-v5.7.0', 'blockchain_tests'],
] as const)('official blocks of %s through the transition tool', (suite, part) => {
  const folder = fixtures(suite);
  const root = join(folder ?? '', part);
  const parts = folder === undefined ? [] : readdirSync(root);
  if (folder === undefined) it.skip('skipped for want of fixtures');
  it.each(parts)('%s', { timeout: 7_200_000 }, async (name) => {
    const counts = { tests: 0, blocks: 0 };
    for (const file of readdirSync(join(root, name), { recursive: true }) as string[]) {
      if (!file.endsWith('.json')) continue;
      for (const test of parseBlockTests(readFileSync(join(root, name, file), 'utf8'))) {
        if (!isSampled(test.name, ONE_IN)) continue;
        counts.tests += 1;
        counts.blocks += await replay(test);
      }
    }
    console.info(`${name}: ${JSON.stringify(counts)}`);
  });
});

/** A block that was done, and the accounts behind it as the tool writes them. */
interface Done {
  readonly header: BlockHeader;
  readonly totalDifficulty: bigint;
  readonly alloc: string;
  readonly ancestors: ReadonlyMap<bigint, Hash>;
}

async function replay(test: BlockTest): Promise<number> {
  const state = new MemoryState();
  for (const [address, account] of test.pre) state.setAccount(address, account);
  const { header, hash } = decodeBlock(test.genesis);
  const genesis: Done = {
    header,
    totalDifficulty: header.difficulty,
    alloc: JSON.stringify(allocJson(state)),
    ancestors: new Map([[header.number, hash]]),
  };
  const done = new Map<Hash, Done>([[hash, genesis]]);
  let blocks = 0;
  for (const { rlp, exception } of test.blocks) {
    if (exception !== undefined) continue;
    const block = decodeBlock(rlp);
    const parent = done.get(block.header.parentHash);
    if (parent === undefined) throw new Error(`${test.name}: no parent of ${block.hash}`);
    done.set(block.hash, await follow(test, parent, block, blocks % 2 === 0));
    blocks += 1;
  }
  return blocks;
}

async function follow(
  { spec, name }: BlockTest,
  parent: Done,
  block: Block,
  asJson: boolean,
): Promise<Done> {
  const { header } = block;
  const place = { ...header, parentTotalDifficulty: parent.totalDifficulty };
  const blockRules = new ForkTimeline(spec).at(place);
  const { is } = blockRules;
  const environment = readEnvironment(
    readJson(JSON.stringify(environmentOf(block, parent, blockRules), shown)).object(),
  );
  const txs = block.transactions.map(transactionJson);
  const rlp = bodyJson({ included: block.transactions } as Parameters<typeof bodyJson>[0]);
  const done = await transition({
    spec,
    state: readAccounts(readJson(parent.alloc).object()),
    environment,
    transactions: asJson
      ? jsonTransactions(readJson(JSON.stringify(txs)), spec.chainId)
      : rlpTransactions(rlp),
    reward: is('paris') ? undefined : rewardOf(block, blockRules),
    machines,
  });
  const result = resultJson(done);
  const hex = (value: bigint | undefined) => value && `0x${value.toString(16)}`;
  expect(result, `${name}, block ${header.number}`).toMatchObject({
    stateRoot: header.stateRoot,
    txRoot: header.transactionsRoot,
    receiptsRoot: header.receiptsRoot,
    logsBloom: header.logsBloom,
    gasUsed: `0x${header.gasUsed.toString(16)}`,
    currentDifficulty: is('paris') ? null : hex(header.difficulty),
    ...(is('london') ? { currentBaseFee: hex(header.baseFeePerGas) } : {}),
    ...(is('shanghai') ? { withdrawalsRoot: header.withdrawalsRoot } : {}),
    ...(is('cancun')
      ? {
          currentExcessBlobGas: `0x${header.excessBlobGas?.toString(16)}`,
          blobGasUsed: `0x${header.blobGasUsed?.toString(16)}`,
        }
      : {}),
    ...(is('prague') ? { requestsHash: header.requestsHash } : {}),
    ...(is('amsterdam') ? { blockAccessListHash: header.blockAccessListHash } : {}),
  });
  expect(result['rejected']).toBeUndefined();
  expect(bodyJson(done)).toBe(rlp);
  return {
    header,
    totalDifficulty: parent.totalDifficulty + header.difficulty,
    alloc: JSON.stringify(allocJson(done.state)),
    ancestors: new Map([...parent.ancestors, [header.number, block.hash]]),
  };
}

/** What follows from the parent is left to the tool. */
function environmentOf(block: Block, parent: Done, { is }: BlockRules): object {
  const { header } = block;
  const before = parent.header;
  const startsFees = is('london') && before.baseFeePerGas === undefined;
  return {
    currentCoinbase: header.coinbase,
    currentNumber: header.number,
    currentTimestamp: header.timestamp,
    currentGasLimit: header.gasLimit,
    ...(is('paris') ? { currentRandom: header.mixHash } : {}),
    parentTimestamp: before.timestamp,
    parentDifficulty: before.difficulty,
    parentUncleHash: before.unclesHash,
    parentBaseFee: before.baseFeePerGas,
    parentGasUsed: before.gasUsed,
    parentGasLimit: before.gasLimit,
    ...(startsFees ? { currentBaseFee: header.baseFeePerGas } : {}),
    parentExcessBlobGas: before.excessBlobGas ?? 0n,
    parentBlobGasUsed: before.blobGasUsed ?? 0n,
    parentBeaconBlockRoot: header.parentBeaconBlockRoot,
    slotNumber: header.slotNumber,
    blockHashes: Object.fromEntries(parent.ancestors),
    ommers: block.uncles.map(({ coinbase, number }) => ({
      delta: Number(header.number - number),
      address: coinbase,
    })),
    withdrawals: block.withdrawals,
  };
}

/** Of the miner alone. */
function rewardOf({ header }: Block, blockRules: BlockRules): bigint {
  return blockRewards(header, [], blockRules)[0]?.amount ?? 0n;
}

/** A signed transaction as JSON. */
function transactionJson(bytes: Uint8Array): unknown {
  const decoded = decodeTransaction(bytes);
  if (!decoded.ok) throw new Error(decoded.message);
  const { gasLimit, data, maxFeePerGas, to, ...fields } = decoded.transaction;
  const price = fields.type < 2 ? { gasPrice: maxFeePerGas } : { maxFeePerGas };
  const whole = { ...fields, ...price, gas: gasLimit, input: toHex(data), to: to ?? null };
  return JSON.parse(JSON.stringify(whole, shown));
}

function shown(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `0x${value.toString(16)}` : value;
}
