import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChainSpec } from '../../chain/chain-spec.ts';
import { createChain } from '../../chain/open-chain.ts';
import { BLANK_TRANSACTION } from '../../chain/transactions/blank.ts';
import { encodeTransaction } from '../../chain/transactions/encode.ts';
import { signTransaction } from '../../chain/transactions/signature.ts';
import type { SignedTransaction } from '../../chain/transactions/types.ts';
import { devAccounts } from '../dev/accounts.ts';
import { devGenesis } from '../dev/genesis.ts';
import { Ledger } from '../ledger/ledger.ts';
import { MemoryTransactionIndex } from '../ledger/transaction-index.ts';
import { MemoryPool, type MemoryPoolOptions } from './memory-pool.ts';
import { joinSidecar, versionedHash } from './sidecar.ts';

const GWEI = 1_000_000_000n;
const ETHER = 10n ** 18n;
const SENDERS = 4;
const accounts = devAccounts(SENDERS);
const CHAIN_ID = 31_337n;

interface Given extends Partial<SignedTransaction> {
  /** Index of the account. */
  readonly from: number;
}

function signed({ from, ...fields }: Given): Uint8Array {
  const transaction: SignedTransaction = {
    ...BLANK_TRANSACTION,
    type: 2,
    chainId: CHAIN_ID,
    gasLimit: 21_000n,
    to: `0x${'11'.repeat(20)}`,
    maxFeePerGas: 3n * GWEI,
    maxPriorityFeePerGas: GWEI,
    ...fields,
  };
  const { privateKey } = accounts[from] as (typeof accounts)[number];
  return encodeTransaction(signTransaction(transaction, privateKey));
}

let ledger: Ledger;

async function newLedger(forks?: ChainSpec['forks']): Promise<Ledger> {
  const genesis = devGenesis({
    chainId: CHAIN_ID,
    fork: 'osaka',
    gasLimit: 30_000_000n,
    baseFee: GWEI,
    timestamp: 1n,
    number: 0n,
    accounts: accounts.map(({ address }) => address),
    balance: ETHER,
    hasCreate2Deployer: true,
  });
  const spec = forks === undefined ? genesis.spec : { ...genesis.spec, forks };
  const chain = await createChain({ ...genesis, spec }, { workers: 1 });
  return new Ledger({ chain, index: new MemoryTransactionIndex() });
}

function newPool(options: Partial<MemoryPoolOptions> = {}): MemoryPool {
  return new MemoryPool({ ledger, ...options });
}

async function mine(pool: MemoryPool): Promise<void> {
  const { timestamp } = ledger.head.header;
  const transactions = pool.ready().map(({ bytes }) => bytes);
  const coinbase = `0x${'00'.repeat(20)}` as const;
  const request = { timestamp: timestamp + 1n, coinbase, transactions };
  const { block } = await ledger.chain.produceBlock(request);
  await ledger.setHead(block.hash);
  await pool.settled();
}

beforeAll(async () => {
  ledger = await newLedger();
});

afterAll(() => ledger.chain.close());

describe('what is refused, in the words that clients look for', () => {
  const rows: readonly (readonly [string, Given, string])[] = [
    ['a chain of another id', { from: 0, chainId: 1n }, 'invalid chain id for signer'],
    ['too little gas', { from: 0, gasLimit: 20_999n }, 'intrinsic gas too low'],
    ['more gas than a block', { from: 0, gasLimit: 2n ** 40n }, 'transaction gas limit too high'],
    ['more value than there is', { from: 0, value: 2n * ETHER }, 'insufficient funds for gas'],
    ['a tip above the fee', { from: 0, maxFeePerGas: 1n }, 'max priority fee per gas higher than'],
    ['no blobs', { from: 0, type: 3 }, 'blobless blob transaction'],
  ];
  test.each(rows)('%s', async (_, given, words) => {
    const pool = newPool();
    await expect(pool.add(signed(given))).rejects.toThrow(words);
    expect(pool.count).toBe(0);
    pool.close();
  });

  test('what is no transaction', async () => {
    const pool = newPool();
    await expect(pool.add(new Uint8Array())).rejects.toThrow('typed transaction too short');
    await expect(pool.add(Uint8Array.of(2, 1))).rejects.toThrow('rlp');
    await expect(pool.add(Uint8Array.of(5, 1))).rejects.toThrow('transaction type not supported');
    pool.close();
  });

  test('the same again, and one that does not pay enough to take its place', async () => {
    const pool = newPool();
    const first = signed({ from: 0 });
    await pool.add(first);
    await expect(pool.add(first)).rejects.toThrow('already known');
    const little = { maxFeePerGas: (3n * GWEI * 109n) / 100n, maxPriorityFeePerGas: 2n * GWEI };
    await expect(pool.add(signed({ from: 0, ...little }))).rejects.toThrow(
      'replacement transaction underpriced',
    );
    const enough = { maxFeePerGas: (3n * GWEI * 110n) / 100n, maxPriorityFeePerGas: 2n * GWEI };
    const hash = await pool.add(signed({ from: 0, ...enough }));
    expect(pool.all().map((each) => each.hash)).toEqual([hash]);
    pool.close();
  });

  test('more than the sender can pay for, all of its transactions together', async () => {
    const pool = newPool();
    await pool.add(signed({ from: 0, value: (6n * ETHER) / 10n }));
    const second = signed({ from: 0, nonce: 1n, value: (6n * ETHER) / 10n });
    await expect(pool.add(second)).rejects.toThrow('insufficient funds for gas * price + value');
    pool.close();
  });

  test('what was mined', async () => {
    const pool = newPool();
    await pool.add(signed({ from: 3 }));
    await mine(pool);
    expect(pool.count).toBe(0);
    await expect(pool.add(signed({ from: 3 }))).rejects.toThrow('nonce too low');
    pool.close();
  });
});

test('behind a gap it waits, and is ready when the gap is filled', async () => {
  const pool = newPool();
  const heard: bigint[] = [];
  pool.onReady(({ transaction }) => heard.push(transaction.nonce));
  await pool.add(signed({ from: 0, nonce: 2n }));
  await pool.add(signed({ from: 0, nonce: 1n }));
  expect(pool.ready()).toEqual([]);
  expect(pool.content().queued.get(accounts[0]?.address as `0x${string}`)?.length).toBe(2);
  await pool.add(signed({ from: 0 }));
  expect(heard).toEqual([0n, 1n, 2n]);
  expect(await pool.nextNonce(accounts[0]?.address as `0x${string}`)).toBe(3n);
  pool.close();
});

test('a re-organisation gives transactions back', async () => {
  const pool = newPool();
  const before = ledger.head.hash;
  const hash = await pool.add(signed({ from: 2 }));
  await mine(pool);
  expect(pool.get(hash)).toBeUndefined();
  await ledger.setHead(before);
  await pool.settled();
  expect(pool.get(hash)?.hash).toBe(hash);
  pool.close();
});

test('what pays least goes first when the pool is full', async () => {
  const pool = newPool({ limits: { countMax: 3 } });
  const tip = (gwei: bigint) => ({ maxFeePerGas: 10n * GWEI, maxPriorityFeePerGas: gwei * GWEI });
  const [low] = [await pool.add(signed({ from: 0, ...tip(1n) }))];
  await pool.add(signed({ from: 1, ...tip(2n) }));
  await pool.add(signed({ from: 2, ...tip(3n) }));
  const last = (fee: bigint) => signed({ from: 0, nonce: 1n, value: 1n, ...tip(fee) });
  await expect(pool.add(last(1n))).rejects.toThrow('transaction underpriced');
  expect(pool.get(low)).toBeDefined();
  await pool.add(last(4n));
  expect(pool.get(low)).toBeUndefined();
  expect(pool.count).toBe(3);
  pool.close();
});

test('blobs stand apart, and must be those that the transaction names', async () => {
  const pool = newPool();
  const commitment = new Uint8Array(48).fill(0xc0);
  const sidecar = {
    version: 0,
    blobs: [new Uint8Array(131_072)],
    commitments: [commitment],
    proofs: [new Uint8Array(48)],
  } as const;
  const fields = { from: 1, type: 3, maxFeePerBlobGas: GWEI } as const;
  const bytes = signed({ ...fields, blobVersionedHashes: [versionedHash(commitment)] });
  await expect(pool.add(bytes)).rejects.toThrow('missing sidecar in blob transaction');
  const other = signed({ ...fields, blobVersionedHashes: [versionedHash(new Uint8Array(48))] });
  await expect(pool.add(joinSidecar(other, sidecar))).rejects.toThrow('mismatches');
  const hash = await pool.add(joinSidecar(bytes, sidecar));
  expect(pool.get(hash)?.bytes).toEqual(bytes);
  expect(pool.blob(versionedHash(commitment))?.proofs.length).toBe(1);
  expect([...pool.sent()]).toEqual([joinSidecar(bytes, sidecar)]);
  await expect(pool.add(signed({ from: 1, maxFeePerGas: 9n * GWEI }))).rejects.toThrow('reserved');
  pool.close();
});

test('from Osaka on blobs that a consensus client spreads have proofs of their cells', async () => {
  const limits = { wantsCellProofs: true };
  const pool = newPool({ limits });
  const [old, young] = [blobTransaction(1, 0), blobTransaction(1, 1)];
  await expect(pool.add(old)).rejects.toThrow('Osaka wants cell proofs');
  await pool.add(young);
  expect(pool.count).toBe(1);
  pool.close();
  const anyProofs = newPool();
  await anyProofs.add(old);
  anyProofs.close();
});

test('what came before Osaka with a proof for each blob leaves with it', async () => {
  const osakaTime = BigInt(Math.floor(Date.now() / 1_000) + 1_000);
  const upcoming = await newLedger([{ fork: 'prague' }, { fork: 'osaka', timestamp: osakaTime }]);
  const pool = newPool({ ledger: upcoming, limits: { wantsCellProofs: true } });
  await pool.add(blobTransaction(1, 0));
  await pool.add(signed({ from: 2 }));
  const coinbase = `0x${'00'.repeat(20)}` as const;
  for (const [before, left] of [
    [2n, 2],
    [1n, 1],
  ] as const) {
    const request = { timestamp: osakaTime - before, coinbase, transactions: [] };
    const { block } = await upcoming.chain.produceBlock(request);
    await upcoming.setHead(block.hash);
    await pool.settled();
    expect(pool.count).toBe(left);
  }
  // The account can go on at once.
  await pool.add(blobTransaction(1, 1));
  expect(pool.ready().length).toBe(2);
  pool.close();
});

test('a blob of two transactions is there as long as one of them is', async () => {
  const pool = newPool();
  const first = await pool.add(blobTransaction(1, 1));
  const second = await pool.add(blobTransaction(2, 1));
  const blob = versionedHash(new Uint8Array(48).fill(0xc0));
  pool.remove(second);
  expect(pool.blob(blob)).not.toBe(undefined);
  pool.remove(first);
  expect(pool.blob(blob)).toBe(undefined);
  pool.close();
});

/** With one blob, as it is sent. */
function blobTransaction(from: number, version: 0 | 1): Uint8Array {
  const commitment = new Uint8Array(48).fill(0xc0);
  const blobVersionedHashes = [versionedHash(commitment)];
  return joinSidecar(signed({ from, type: 3, maxFeePerBlobGas: GWEI, blobVersionedHashes }), {
    version,
    blobs: [new Uint8Array(131_072)],
    commitments: [commitment],
    proofs: new Array<Uint8Array>(version === 1 ? 128 : 1).fill(new Uint8Array(48)),
  });
}

/** A transaction of the plain model. */
interface Plain {
  readonly from: number;
  readonly nonce: bigint;
  readonly fee: bigint;
  readonly tip: bigint;
  readonly value: bigint;
}

const plain: fc.Arbitrary<Plain> = fc.record({
  from: fc.integer({ min: 0, max: 1 }),
  nonce: fc.bigInt({ min: 0n, max: 4n }),
  fee: fc.bigInt({ min: 90n, max: 130n }),
  tip: fc.bigInt({ min: 1n, max: 40n }),
  value: fc.constantFrom(0n, 400n),
});

/** In hundredths of a gwei, and of an ether in thousandths. */
const given = ({ from, nonce, fee, tip, value }: Plain): Given => ({
  from,
  nonce,
  maxFeePerGas: (fee * GWEI) / 100n,
  maxPriorityFeePerGas: (tip * GWEI) / 100n,
  value: (value * ETHER) / 1_000n,
});

const costOf = (each: Plain) => (21_000n * each.fee * GWEI) / 100n + (each.value * ETHER) / 1_000n;
const isSame = (a: Plain, b: Plain) =>
  a.from === b.from &&
  a.nonce === b.nonce &&
  a.fee === b.fee &&
  a.tip === b.tip &&
  a.value === b.value;

/** Why the model takes it not; else it is in the list, in the place of what it replaces. */
function addPlain(list: Plain[], each: Plain): string | undefined {
  if (list.some((other) => isSame(each, other))) return 'already known';
  const at = list.findIndex(({ from, nonce }) => from === each.from && nonce === each.nonce);
  const old = list[at];
  const isRaised = (young: bigint, before: bigint) => young * 100n >= before * 110n;
  if (old && !(isRaised(each.fee, old.fee) && isRaised(each.tip, old.tip))) {
    return 'replacement transaction underpriced';
  }
  const others = list.filter((other) => other.from === each.from && other !== old);
  const cost = others.reduce((sum, other) => sum + costOf(other), costOf(each));
  if (cost > ETHER) return 'insufficient funds';
  if (old !== undefined) list.splice(at, 1);
  list.push(each);
  return undefined;
}

/** One after another: the first of each sender that pays most, or came first. */
function readyOf(list: readonly Plain[], baseFee: bigint): Plain[] {
  const next = [0n, 0n];
  const found: Plain[] = [];
  for (;;) {
    const tipOf = ({ fee, tip }: Plain) => (fee - baseFee < tip ? fee - baseFee : tip);
    const heads = list.filter(({ from, nonce, fee }) => nonce === next[from] && fee >= baseFee);
    const [best] = heads.toSorted((a, b) => {
      if (tipOf(a) !== tipOf(b)) return tipOf(a) > tipOf(b) ? -1 : 1;
      return list.indexOf(a) - list.indexOf(b);
    });
    if (best === undefined) return found;
    found.push(best);
    next[best.from] = best.nonce + 1n;
  }
}

test('the pool does as a plain list does', async () => {
  const fresh = await newLedger();
  const baseFee = 100n;
  const sequences = fc.array(plain, { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(sequences, async (sequence) => {
      const list: Plain[] = [];
      const pool = new MemoryPool({
        ledger: fresh,
        prices: () => ({ baseFee: (baseFee * GWEI) / 100n, blobBaseFee: 1n }),
      });
      for (const each of sequence) {
        if (each.tip > each.fee) continue;
        const expected = addPlain(list, each);
        const outcome = await pool.add(signed(given(each))).then(
          () => undefined,
          (error: Error) => error.message,
        );
        if (expected === undefined) expect(outcome).toBeUndefined();
        else expect(outcome).toContain(expected);
      }
      const ready = pool.ready().map(({ bytes }) => bytes.toHex());
      expect(ready).toEqual(readyOf(list, baseFee).map((each) => signed(given(each)).toHex()));
      pool.close();
    }),
    { numRuns: 40 },
  );
  await fresh.chain.close();
});
