import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeRlp, encodeRlp, type RlpItem } from '../base/rlp.ts';
import { decodeBlock, encodeBlock } from '../chain/blocks/block.ts';
import { InvalidBlock } from '../chain/blocks/fault.ts';
import { firstBlock, genesisHeader } from '../chain/blocks/genesis.ts';
import { decodeHeader, encodeHeader, headerHash } from '../chain/blocks/header.ts';
import { Chain } from '../chain/chain.ts';
import { createInMemory } from '../chain/database/folder.ts';
import { Machines } from '../chain/machines.ts';
import { BLANK_TRANSACTION } from '../chain/transactions/blank.ts';
import { encodeTransaction } from '../chain/transactions/encode.ts';
import { addressOfKey, signTransaction } from '../chain/transactions/signature.ts';
import type { Address, Hash } from '../evm/types.ts';
import { MemoryState } from '../state/memory.ts';
import { PathTrie } from '../state/path-trie.ts';
import { TrieMemory } from '../state/trie-memory.ts';
import { accountKey } from './account.ts';
import { verifyBlock, witnessOf } from './stateless.ts';
import { ProofError } from './trie-node.ts';
import type { Witness } from './witness.ts';

const KEY = new Uint8Array(32).fill(7);
const SENDER = addressOfKey(KEY);
const MINER: Address = `0x${'c0'.repeat(20)}`;
/** Clears slot 1, sets slot 100, keeps the hash of the block two before in slot 2. */
const CONTRACT: Address = `0x${'ab'.repeat(20)}`;
const CODE = Uint8Array.fromHex('5f600155' + '6005606455' + '6002430340600255');
/** Called by the chain at the start of each block (EIP-4788). */
const BEACON_ROOTS: Address = '0x000f3df6d732807ef1319fb7b8bb8522d0beac02';
const BEACON_CODE = Uint8Array.of(0);
const trieMemory = new TrieMemory();
const spec = { chainId: 1n, forks: [{ fork: 'cancun' }] } as const;

async function openChain(): Promise<Chain> {
  const state = new MemoryState();
  const account = { nonce: 0n, balance: 10n ** 21n, code: new Uint8Array(0), storage: [] };
  state.setAccount(SENDER, account);
  const storage = Array.from({ length: 40 }, (_, slot) => [BigInt(slot), 99n] as const);
  state.setAccount(CONTRACT, { ...account, nonce: 1n, code: CODE, storage });
  state.setAccount(BEACON_ROOTS, { ...account, nonce: 1n, code: BEACON_CODE });
  for (let index = 1; index <= 50; index++) {
    state.setAccount(`0x${index.toString(16).padStart(40, '7')}`, account);
  }
  const genesis = genesisHeader(spec, {
    coinbase: MINER,
    stateRoot: state.root(),
    gasLimit: 10_000_000n,
    baseFeePerGas: 7n,
  });
  const tree = await createInMemory(firstBlock(genesis), state.asChanges(), { trieMemory });
  return new Chain({ spec, tree, machines: new Machines({ engine: 'interpreter' }) });
}

function call(nonce: bigint): Uint8Array {
  const transaction = {
    ...BLANK_TRANSACTION,
    type: 0,
    nonce,
    maxFeePerGas: 100n,
    maxPriorityFeePerGas: 100n,
    gasLimit: 200_000n,
    to: CONTRACT,
    v: 27n,
  } as const;
  return encodeTransaction(signTransaction(transaction, KEY));
}

describe('a block with its witness', () => {
  let bytes: Uint8Array;
  let witness: Witness;
  let stateRoot: Hash;

  beforeAll(async () => {
    const chain = await openChain();
    for (let number = 1n; number <= 4n; number++) {
      const transactions = number === 4n ? [call(0n)] : [];
      const request = { timestamp: 12n * number, coinbase: MINER, transactions };
      const { block } = await chain.buildBlock(request);
      bytes = encodeBlock(block);
      if (number === 4n) witness = await witnessOf(chain, bytes);
      await chain.setHead((await chain.importBlock(bytes)).hash);
    }
    const head = await chain.block(chain.head.hash);
    expect(head?.receipts.map(({ succeeded }) => succeeded)).toEqual([true]);
    const view = await chain.openView(chain.head.hash);
    expect(await view.getStorage(CONTRACT, 100n)).toBe(5n);
    stateRoot = chain.head.header.stateRoot;
  });

  it('of nothing holds what the chain itself calls, and not who calls or mines', async () => {
    const chain = await openChain();
    const request = { timestamp: 12n, coinbase: MINER, transactions: [] };
    const { block } = await chain.buildBlock(request);
    const { state, codes } = await witnessOf(chain, encodeBlock(block));
    const nodes = await chain.withTries(chain.head.hash, ({ accountTrie }) =>
      accountTrie.prove(accountKey(BEACON_ROOTS)).map((node) => node.toHex()),
    );
    expect(state.map((node) => node.toHex())).toEqual(nodes.sort());
    expect(codes).toEqual([BEACON_CODE]);
  });

  it('has the roots that it has with a state', async () => {
    const { block, outcome } = await verifyBlock({ spec }, bytes, witness);
    expect(block.header.stateRoot).toBe(stateRoot);
    expect(outcome.receipts).toHaveLength(1);
    // Of the parent and of the block two before.
    expect(witness.headers).toHaveLength(2);
    expect(witness.codes).toEqual([BEACON_CODE, CODE]);
  });

  it('does not mind order, repetition and more', async () => {
    const more = {
      state: [...witness.state.toReversed(), ...witness.state, Uint8Array.of(1)],
      codes: [Uint8Array.of(9, 9), CODE, CODE, BEACON_CODE],
      headers: witness.headers,
    };
    await verifyBlock({ spec }, bytes, more);
  });

  it('is refused without any part of it, which is named', async () => {
    for (const index of witness.state.keys()) {
      const lacking = { ...witness, state: witness.state.toSpliced(index, 1) };
      const message =
        /^the (trie of accounts|storage of 0x(ab){20}) lacks the node 0x.* at path 0x/;
      await expect(verifyBlock({ spec }, bytes, lacking)).rejects.toThrow(message);
    }
    const codes = verifyBlock({ spec }, bytes, { ...witness, codes: [] });
    await expect(codes).rejects.toThrow('the code with hash 0x');
    const [oldest, parent] = witness.headers as [Uint8Array, Uint8Array];
    const missing = (headers: Uint8Array[]) =>
      verifyBlock({ spec }, bytes, { ...witness, headers });
    await expect(missing([])).rejects.toThrow('lacks the header of the parent 0x');
    await expect(missing([parent])).rejects.toThrow('the header of block 2 is missing');
    await expect(missing([oldest])).rejects.toThrow('where 0x');
    await expect(missing([parent, oldest])).rejects.toThrow('where 0x');
    await expect(missing(new Array(257).fill(parent))).rejects.toThrow('257 headers');
    await expect(missing([oldest, new Uint8Array(5000)])).rejects.toThrow('5000 bytes');
    await expect(missing([Uint8Array.of(0xc0)])).rejects.toThrow('a header of the witness');
  });

  it('is refused with any byte of it changed', async () => {
    const kind = fc.constantFrom('state', 'codes', 'headers' as const);
    const flip = fc.integer({ min: 1, max: 255 });
    const property = fc.asyncProperty(kind, fc.nat(), fc.nat(), flip, async (of, pick, at, by) => {
      const parts = witness[of];
      const part = (parts[pick % parts.length] as Uint8Array).slice();
      part[at % part.length] = (part[at % part.length] as number) ^ by;
      const damaged = { ...witness, [of]: parts.with(pick % parts.length, part) };
      const error = await verifyBlock({ spec }, bytes, damaged).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ProofError);
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it('is refused for what breaks a rule, by the name of the rule', async () => {
    const damaged = bytes.slice();
    // The state root begins behind two list headers, two hashes and the coinbase.
    const at = damaged.toHex().indexOf(stateRoot.slice(2)) / 2;
    damaged[at] = (damaged[at] as number) ^ 1;
    const error = await verifyBlock({ spec }, damaged, witness).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidBlock);
    expect((error as InvalidBlock).code).toBe('block/wrong state root');
  });

  it('is refused when a stranger made the parent and its state, too', async () => {
    const { header, ...body } = decodeBlock(bytes);
    const parent = decodeHeader(itemOf(witness.headers.at(-1) as Uint8Array));
    const leaf = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 120 }),
      fc
        .tuple(fc.uint8Array({ maxLength: 9 }), fc.uint8Array({ maxLength: 33 }))
        .map(([nonce, balance]) =>
          encodeRlp([nonce, balance, new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]),
        ),
    );
    const addresses = fc.constantFrom(SENDER, CONTRACT, MINER);
    const leaves = fc.uniqueArray(fc.tuple(addresses, leaf), {
      selector: ([address]) => address,
      minLength: 1,
    });
    const property = fc.asyncProperty(leaves, async (accounts) => {
      const trie = new PathTrie(new TrieMemory());
      trie.update(accounts.map(([address, value]) => ({ key: accountKey(address), value })));
      const state = accounts.flatMap(([address]) => trie.prove(accountKey(address)));
      const made = { ...parent, stateRoot: trie.root() };
      const block = { ...body, header: { ...header, parentHash: headerHash(made) } };
      const given = { state, codes: [CODE, BEACON_CODE], headers: [encodeHeader(made)] };
      const error = await verifyBlock({ spec }, encodeBlock(block), given).catch((e: unknown) => e);
      const isRefusal = error instanceof ProofError || error instanceof InvalidBlock;
      expect(isRefusal, String((error as Error).stack)).toBe(true);
    });
    await fc.assert(property, { numRuns: 60 });
  });
});

function itemOf(encoded: Uint8Array): RlpItem {
  const result = decodeRlp(encoded);
  if (!result.ok) throw new Error(result.reason);
  return result.item;
}
