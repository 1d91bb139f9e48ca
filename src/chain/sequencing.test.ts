/** Milliseconds and lanes, as a chain's configuration asks for them and import checks them. */
import { describe, expect, it } from 'vitest';
import type { Address } from '../evm/types.ts';
import { MemoryState } from '../state/memory.ts';
import { bodyRoots, decodeBlock, encodeBlock } from './blocks/block.ts';
import { InvalidBlock } from './blocks/fault.ts';
import type { BlockHeader } from './blocks/header.ts';
import type { Receipt } from './blocks/receipt.ts';
import type { Chain } from './chain.ts';
import { decodeChainSpec, encodeChainSpec } from './chain-spec-json.ts';
import { parseGenesis } from './genesis-files/genesis-file.ts';
import { createChain, genesisOf } from './open-chain.ts';
import { MILLISECONDS_CODE, millisecondsData, millisecondsOf } from './sequencing.ts';
import { BLANK_TRANSACTION } from './transactions/blank.ts';
import { encodeTransaction } from './transactions/encode.ts';
import { addressOfKey, signTransaction } from './transactions/signature.ts';

const KEYS = [7, 8, 9].map((byte) => new Uint8Array(32).fill(byte));
const CLOCK: Address = `0x${'c1'.repeat(20)}`;
const [CANCELS, PRICES, ORDERS] = ['a1', 'a2', 'a3'].map((digits) => `0x${digits.repeat(20)}`) as [
  Address,
  Address,
  Address,
];
const COINBASE: Address = `0x${'c0'.repeat(20)}`;
const SPEC = {
  chainId: 1n,
  forks: [{ fork: 'cancun' }],
  sequencing: { milliseconds: CLOCK, lanes: [[CANCELS], [PRICES]] },
} as const;
const START = 1_000n;

function open(): Promise<Chain> {
  const state = new MemoryState();
  for (const key of KEYS) {
    const code = new Uint8Array(0);
    state.setAccount(addressOfKey(key), { nonce: 0n, balance: 10n ** 20n, code, storage: [] });
  }
  state.setAccount(CLOCK, { nonce: 1n, balance: 0n, code: MILLISECONDS_CODE, storage: [] });
  const header = { timestamp: START, baseFeePerGas: 7n };
  return createChain(genesisOf({ spec: SPEC, state, header }), { workers: 1 });
}

function sent(from: number, nonce: bigint, to: Address): Uint8Array {
  const fields = {
    ...BLANK_TRANSACTION,
    type: 2,
    chainId: 1n,
    nonce,
    gasLimit: 100_000n,
    maxFeePerGas: 100n,
    to,
  } as const;
  return encodeTransaction(signTransaction(fields, KEYS[from] as Uint8Array));
}

function at(milliseconds: bigint) {
  return { timestamp: milliseconds / 1_000n, extraData: millisecondsData(milliseconds) };
}

async function produce(chain: Chain, milliseconds: bigint, transactions: Uint8Array[] = []) {
  const request = { ...at(milliseconds), coinbase: COINBASE, transactions };
  const built = await chain.produceBlock(request);
  await chain.setHead(built.block.hash);
  return built;
}

const fault = (code: string) => expect.objectContaining({ code });

describe('milliseconds', () => {
  it('rise within a second, stand in the slot, and are imported to the same root', async () => {
    const [chain, other] = [await open(), await open()];
    for (const milliseconds of [1_000_001n, 1_000_002n, 1_000_999n, 1_001_000n, 1_007_250n]) {
      const { block, bytes } = await produce(chain, milliseconds);
      expect(millisecondsOf(block.header)).toBe(milliseconds);
      expect(block.header.timestamp).toBe(milliseconds / 1_000n);
      await other.setHead((await other.importBlock(bytes)).hash);
      const view = await other.openView(block.hash);
      expect(await view.getStorage(CLOCK, 0n)).toBe(milliseconds);
      view.close();
    }
  });

  it.each([
    ['the same', 1_000_500n, 'block/wrong timestamp'],
    ['earlier ones', 1_000_400n, 'block/wrong timestamp'],
  ])('are refused: %s', async (_, milliseconds, code) => {
    const chain = await open();
    await produce(chain, 1_000_500n);
    await expect(produce(chain, milliseconds)).rejects.toEqual(fault(code));
    expect(chain.head.header.number).toBe(1n);
  });

  it('are refused where they are not of the timestamp’s second, or not there', async () => {
    const chain = await open();
    const request = { coinbase: COINBASE, transactions: [], timestamp: 1_002n };
    const extraData = millisecondsData(1_001_999n);
    await expect(chain.produceBlock({ ...request, extraData })).rejects.toEqual(
      fault('block/wrong timestamp'),
    );
    await expect(chain.produceBlock(request)).rejects.toEqual(fault('block/wrong extra data'));
    const { bytes } = await chain.buildBlock({
      ...request,
      extraData: millisecondsData(1_002_000n),
    });
    const { header, ...body } = decodeBlock(bytes);
    const changed: BlockHeader = { ...header, extraData: millisecondsData(1_002_001n) };
    // The contract was told others.
    await expect(chain.importBlock(encodeBlock({ ...body, header: changed }))).rejects.toEqual(
      fault('block/wrong state root'),
    );
  });
});

describe('lanes', () => {
  const inOrder = [
    sent(0, 0n, CANCELS),
    sent(1, 0n, CANCELS),
    sent(0, 1n, PRICES),
    sent(2, 0n, ORDERS),
    sent(1, 1n, ORDERS),
  ];

  it('are held by what is produced, and by what is imported', async () => {
    const [chain, other] = [await open(), await open()];
    const { bytes, block } = await produce(chain, 1_001_000n, inOrder);
    expect(block.transactions.length).toBe(5);
    expect((await other.importBlock(bytes)).hash).toBe(block.hash);
    const wrong = [...inOrder.slice(0, 2), inOrder[3], inOrder[2], inOrder[4]] as Uint8Array[];
    await expect(produce(other, 1_001_000n, wrong)).rejects.toEqual(
      fault('block/wrong lane order'),
    );
    const { header, ...body } = decodeBlock(bytes);
    const swapped = { ...body, transactions: wrong };
    const forged = encodeBlock({ ...swapped, header: { ...header, ...bodyRoots(swapped) } });
    await expect(other.importBlock(forged)).rejects.toEqual(fault('block/wrong lane order'));
  });
});

describe('a block whose transactions come by and by', () => {
  it('executes each as it comes, and says what came of it', async () => {
    const chain = await open();
    const told: string[] = [];
    const come = async function* () {
      for (const bytes of [sent(0, 0n, ORDERS), sent(1, 5n, ORDERS), sent(2, 0n, ORDERS)]) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        const before = told.length;
        yield bytes;
        expect(told.length).toBe(before + 1);
      }
    };
    const onTransaction = (_: Uint8Array, outcome: Receipt | InvalidBlock) => {
      told.push(
        outcome instanceof InvalidBlock
          ? String(outcome.details['reason'])
          : `${outcome.cumulativeGasUsed}`,
      );
    };
    const request = { ...at(1_001_000n), coinbase: COINBASE, transactions: come(), onTransaction };
    const { block, refused } = await chain.produceBlock(request);
    expect(told).toEqual(['21000', 'nonce too high', '42000']);
    expect(block.transactions.length).toBe(2);
    expect(refused.length).toBe(1);
    const other = await open();
    expect((await other.importBlock(encodeBlock(block))).hash).toBe(block.hash);
  });
});

describe('a configuration', () => {
  it('is kept, and read from a genesis file', () => {
    expect(decodeChainSpec(encodeChainSpec(SPEC))).toEqual(SPEC);
    const ironfly = { milliseconds: CLOCK, lanes: [[CANCELS], [PRICES]] };
    const file = (own: object) =>
      JSON.stringify({
        config: { chainId: 1, terminalTotalDifficulty: 0, ...LONDON, ironfly: own },
        alloc: {},
        gasLimit: '0x1c9c380',
        difficulty: '0x0',
      });
    expect(parseGenesis(file(ironfly)).spec.sequencing).toEqual(SPEC.sequencing);
    expect(parseGenesis(file({})).spec.sequencing).toEqual({});
    expect(() => parseGenesis(file({ more: 1 }))).toThrow('config.ironfly.more is unknown');
    expect(() => parseGenesis(file({ lanes: ['0x1'] }))).toThrow('config.ironfly.lanes[0]');
    const many = { lanes: [new Array(1_001).fill(CANCELS)] };
    expect(() => parseGenesis(file(many))).toThrow('at most 1000 addresses');
  });

  it.each([
    [{ lanes: 1 }, 'sequencing.lanes is 1, not a list'],
    [{ lanes: [1] }, 'sequencing.lanes[0] is 1, not a list'],
    [{ lanes: [['0x12']] }, 'sequencing.lanes[0][0] is "0x12", not an address'],
    [{ milliseconds: '0x12' }, 'sequencing.milliseconds is "0x12", not an address'],
    [{ other: 1 }, 'sequencing.other is no field'],
  ])('is refused: %j', (sequencing, message) => {
    const text = JSON.stringify({ chainId: '1', forks: [{ fork: 'cancun' }], sequencing });
    expect(() => decodeChainSpec(text)).toThrow(message);
  });
});

const LONDON = Object.fromEntries(
  [
    'homestead',
    'eip150',
    'eip155',
    'eip158',
    'byzantium',
    'constantinople',
    'petersburg',
    'istanbul',
    'berlin',
    'london',
  ].map((name) => [`${name}Block`, 0]),
);
