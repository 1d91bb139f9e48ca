/**
 * The witnesses of eest-zkevm, without executing anything: a block's access list (EIP-7928) says
 * what it reads and what comes of it. So its witness must be enough to read that and to arrive at
 * the header's root, and what this fetches of the parent's whole state must be the witness, node
 * for node. Each rule about which nodes a block needs stands in these fixtures.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromHex, type Hex, toHex } from '../../src/base/bytes.ts';
import { keccak256 } from '../../src/base/keccak.ts';
import { accountsAt } from '../../src/cli/fixture-json.ts';
import type { AccountChange, Address, Hash, StateChanges } from '../../src/evm/types.ts';
import { NodePool, type NodeSource } from '../../src/proofs/partial-trie.ts';
import { ProvenNodes, StateProver } from '../../src/proofs/state-prover.ts';
import { ProofError } from '../../src/proofs/trie-node.ts';
import { NO_CODE_HASH } from '../../src/proofs/verify.ts';
import { RecordingSources, type StateSources } from '../../src/proofs/witness.ts';
import { WitnessState } from '../../src/proofs/witness-state.ts';
import { MemoryState } from '../../src/state/memory.ts';
import { TrieMemory } from '../../src/state/trie-memory.ts';
import { fixtures } from '../fixtures.ts';

interface Test {
  readonly pre: Record<string, unknown>;
  readonly genesisBlockHeader: { readonly stateRoot: Hash };
  readonly blocks: readonly TestBlock[];
}

interface TestBlock {
  readonly blockHeader: { readonly stateRoot: Hash };
  readonly executionWitness: { readonly state: Hex[] };
  readonly blockAccessList: readonly AccessedAccount[];
}

interface AccessedAccount {
  readonly address: Address;
  readonly nonceChanges: readonly { readonly postNonce: Hex }[];
  readonly balanceChanges: readonly { readonly postBalance: Hex }[];
  readonly codeChanges: readonly { readonly newCode: Hex }[];
  readonly storageReads: readonly Hex[];
  readonly storageChanges: readonly {
    readonly slot: Hex;
    readonly slotChanges: readonly { readonly postValue: Hex }[];
  }[];
}

const folder = fixtures('eest-zkevm-v0.3.3');
const memory = new TrieMemory();

describe.skipIf(folder === undefined)('official witnesses', () => {
  const files =
    folder === undefined
      ? []
      : (readdirSync(folder, { recursive: true }) as string[]).filter((f) => f.endsWith('.json'));
  for (const file of files) {
    const tests = JSON.parse(readFileSync(join(folder ?? '', file), 'utf8'));
    for (const [name, test] of Object.entries<Test>(tests)) {
      it(name.replace(/^.*::|\[.*$/g, ''), () => replay(name, test));
    }
  }
});

function replay(name: string, { pre, genesisBlockHeader, blocks }: Test): void {
  const state = new MemoryState();
  for (const [address, account] of accountsAt(pre, 'pre')) state.setAccount(address, account);
  let { stateRoot } = genesisBlockHeader;
  expect(state.root()).toBe(stateRoot);
  for (const { blockHeader, executionWitness, blockAccessList } of blocks) {
    const given = executionWitness.state.map(fromHex);
    const prover = new StateProver(state, memory);
    const recording = new RecordingSources(
      sourcesOf(new ProvenNodes(prover.accountTrie), (address) => {
        return new ProvenNodes(prover.storageTrie(address));
      }),
    );
    const changes = walk(new WitnessState(stateRoot, recording), blockAccessList);
    const fetched = recording.state.map(toHex);
    prover.free();
    const pool = new NodePool(given);
    const partial = new WitnessState(
      stateRoot,
      sourcesOf(pool, () => pool),
    );
    if (/validation_state_missing/.test(name)) {
      expect(() => walk(partial, blockAccessList)).toThrow(ProofError);
      return;
    }
    walk(partial, blockAccessList);
    expect(partial.root()).toBe(blockHeader.stateRoot);
    const named = executionWitness.state.toSorted();
    if (/extra_unused_trie_node/.test(name)) {
      expect(named).toEqual(expect.arrayContaining(fetched));
    } else expect(fetched).toEqual(named);
    state.apply(changes);
    stateRoot = blockHeader.stateRoot;
    expect(state.root()).toBe(stateRoot);
  }
}

function sourcesOf(accounts: NodeSource, storage: (address: Address) => NodeSource): StateSources {
  return { accounts, storage, code: () => undefined, blockHash: () => undefined };
}

/** Reads and changes what the block does. */
function walk(state: WitnessState, list: readonly AccessedAccount[]): StateChanges {
  const accounts = new Map<Address, AccountChange | null>();
  const codes = new Map<Hash, Uint8Array>();
  for (const accessed of list) {
    const { address, nonceChanges, balanceChanges, codeChanges, storageChanges } = accessed;
    const before = state.getAccount(address);
    for (const slot of accessed.storageReads) state.getStorage(address, BigInt(slot));
    for (const { slot } of storageChanges) state.getStorage(address, BigInt(slot));
    const storage = storageChanges.map(({ slot, slotChanges }) => {
      return [BigInt(slot), BigInt(slotChanges.at(-1)?.postValue ?? 0)] as const;
    });
    const changes = [nonceChanges, balanceChanges, codeChanges, storageChanges];
    if (changes.every(({ length }) => length === 0)) continue;
    const code = codeChanges.at(-1)?.newCode;
    const codeHash = code === undefined ? before?.codeHash : toHex(keccak256(fromHex(code)));
    if (code !== undefined) codes.set(codeHash as Hash, fromHex(code));
    const change = {
      nonce: BigInt(nonceChanges.at(-1)?.postNonce ?? before?.nonce ?? 0),
      balance: BigInt(balanceChanges.at(-1)?.postBalance ?? before?.balance ?? 0),
      codeHash: codeHash ?? NO_CODE_HASH,
      storageWiped: false,
      storage: new Map(storage),
    };
    const isEmpty =
      change.nonce === 0n && change.balance === 0n && change.codeHash === NO_CODE_HASH;
    accounts.set(address, isEmpty ? null : change);
  }
  const changes = { accounts, codes };
  state.apply(changes);
  return changes;
}
