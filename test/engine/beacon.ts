/**
 * A consensus client in miniature: slots, one proposer, finality two epochs behind, and the calls
 * of the Engine API that Lodestar was seen to make, in its order. What comes back is held against
 * what it must be.
 */

import { createHash } from 'node:crypto';
import type { Address, Hash, Hex } from '../../src/evm/types.ts';
import { type DevnetFork, type DevnetTimes, forkAt } from './devnet-genesis.ts';
import type { RpcClient } from './node-process.ts';

export interface Status {
  readonly status: string;
  readonly latestValidHash: Hash | null;
  readonly validationError: string | null;
}

export interface Forkchoice {
  readonly payloadStatus: Status;
  readonly payloadId: Hex | null;
}

/** An execution payload as it came. */
export type Payload = Readonly<Record<string, unknown>> & {
  readonly blockHash: Hash;
  readonly parentHash: Hash;
  readonly blockNumber: Hex;
  readonly timestamp: Hex;
  readonly transactions: readonly Hex[];
};

/** What a proposer has, and sends to all. */
export interface Proposal {
  readonly slot: number;
  readonly fork: DevnetFork;
  readonly payload: Payload;
  readonly versionedHashes: readonly Hash[];
  readonly parentBeaconBlockRoot: Hash;
  readonly requests: readonly Hex[];
  /** Wei for the fee's recipient; undefined before Shanghai. */
  readonly value: bigint | undefined;
}

interface Built {
  readonly executionPayload: Payload;
  readonly blockValue: Hex;
  readonly blobsBundle?: {
    readonly commitments: readonly Hex[];
    readonly proofs: readonly Hex[];
    readonly blobs: readonly Hex[];
  };
  readonly executionRequests?: readonly Hex[];
}

const VERSIONS = {
  paris: { newPayload: 1, forkchoice: 1, getPayload: 1 },
  shanghai: { newPayload: 2, forkchoice: 2, getPayload: 2 },
  cancun: { newPayload: 3, forkchoice: 3, getPayload: 3 },
  prague: { newPayload: 4, forkchoice: 3, getPayload: 4 },
  osaka: { newPayload: 4, forkchoice: 3, getPayload: 5 },
} as const;

export const SLOTS_PER_EPOCH: number = 8;
export const RECIPIENT: Address = `0x${'fe'.repeat(20)}`;
const PROOFS_PER_BLOB = { osaka: 128 } as const satisfies Partial<Record<DevnetFork, number>>;

/** Throws with what was expected unless it holds. */
export function must(holds: boolean, what: string, seen?: unknown): asserts holds {
  if (holds) return;
  const text = seen === undefined ? '' : `, but: ${JSON.stringify(seen)?.slice(0, 1_000)}`;
  throw new Error(`expected ${what}${text}`);
}

/** The same 32 bytes for the same words. */
export function rootOf(...words: readonly (string | number)[]): Hash {
  return `0x${createHash('sha256').update(words.join(' ')).digest('hex')}`;
}

export class Beacon {
  engine: RpcClient;
  readonly times: DevnetTimes;
  readonly genesisHash: Hash;
  /** The chosen branch: hashes by slot, where there is a block. */
  readonly branch: Map<number, Hash> = new Map();
  /** All that was ever proposed. */
  readonly proposals: Map<Hash, Proposal> = new Map();
  slot = 0;
  head: Hash;

  constructor(engine: RpcClient, times: DevnetTimes, genesisHash: Hash) {
    this.engine = engine;
    this.times = times;
    this.genesisHash = genesisHash;
    this.head = genesisHash;
    this.branch.set(0, genesisHash);
  }

  timestampOf(slot: number): number {
    return this.times.genesis + slot * this.times.slotSeconds;
  }

  forkOf(slot: number): DevnetFork {
    return forkAt(this.timestampOf(slot), this.times);
  }

  /** The youngest block of the branch that is not younger than the slot. */
  #blockUpTo(slot: number): Hash {
    for (let at = slot; at > 0; at--) {
      const hash = this.branch.get(at);
      if (hash !== undefined) return hash;
    }
    return this.genesisHash;
  }

  /** The first block of the epoch before this one. */
  get safe(): Hash {
    return this.#blockUpTo((Math.floor(this.slot / SLOTS_PER_EPOCH) - 1) * SLOTS_PER_EPOCH);
  }

  /** The first block of the epoch before that. */
  get finalized(): Hash {
    return this.#blockUpTo((Math.floor(this.slot / SLOTS_PER_EPOCH) - 2) * SLOTS_PER_EPOCH);
  }

  state(head: Hash = this.head): Readonly<Record<string, Hash>> {
    return {
      headBlockHash: head,
      safeBlockHash: this.safe,
      finalizedBlockHash: this.finalized,
    };
  }

  attributes(slot: number, salt = ''): Record<string, unknown> {
    const fork = this.forkOf(slot);
    const withdrawal = {
      index: hex(slot),
      validatorIndex: '0x7',
      address: RECIPIENT,
      amount: '0x5',
    };
    return {
      timestamp: hex(this.timestampOf(slot)),
      prevRandao: rootOf('randao', slot, salt),
      suggestedFeeRecipient: RECIPIENT,
      ...(fork === 'paris' ? {} : { withdrawals: [withdrawal] }),
      ...(fork === 'paris' || fork === 'shanghai'
        ? {}
        : { parentBeaconBlockRoot: rootOf('beacon', slot) }),
    };
  }

  forkchoice(
    state: object,
    attributes: object | null,
    fork: DevnetFork = this.forkOf(this.slot),
  ): Promise<Forkchoice> {
    const version = VERSIONS[fork].forkchoice;
    return this.engine.call(`engine_forkchoiceUpdatedV${version}`, state, attributes);
  }

  /** Asks for a block of a slot upon a parent; `meanwhile` is what happens while it is built. */
  async propose(
    slot: number,
    {
      parent = this.head,
      salt = '',
      meanwhile = () => Promise.resolve(),
    }: { parent?: Hash; salt?: string; meanwhile?: () => Promise<unknown> } = {},
  ): Promise<Proposal> {
    const fork = this.forkOf(slot);
    const attributes = this.attributes(slot, salt);
    const begun = await this.forkchoice(this.state(parent), attributes, fork);
    must(begun.payloadStatus.status === 'VALID', 'the head to be VALID', begun);
    must(begun.payloadId !== null, 'a payload id', begun);
    await meanwhile();
    const version = VERSIONS[fork].getPayload;
    const got = await this.engine.call<Built | Payload>(
      `engine_getPayloadV${version}`,
      begun.payloadId,
    );
    const built = 'executionPayload' in got ? (got as unknown as Built) : undefined;
    const payload = built?.executionPayload ?? (got as Payload);
    must(payload.parentHash === parent, `the parent ${parent}`, payload);
    must(payload.timestamp === attributes['timestamp'], 'the slot’s time', payload);
    must(payload['prevRandao'] === attributes['prevRandao'], 'the slot’s randao', payload);
    must(payload['feeRecipient'] === RECIPIENT, 'the fee recipient', payload);
    const { commitments = [], proofs = [], blobs = [] } = built?.blobsBundle ?? {};
    const perBlob = fork === 'osaka' ? PROOFS_PER_BLOB.osaka : 1;
    must(commitments.length === blobs.length, 'as many commitments as blobs');
    must(proofs.length === perBlob * blobs.length, `${perBlob} proofs a blob`, proofs.length);
    const proposal: Proposal = {
      slot,
      fork,
      payload,
      versionedHashes: commitments.map(versionedHashOf),
      parentBeaconBlockRoot: rootOf('beacon', slot),
      requests: built?.executionRequests ?? [],
      value: built === undefined ? undefined : BigInt(built.blockValue),
    };
    this.proposals.set(payload.blockHash, proposal);
    return proposal;
  }

  /** Sends a block, as who proposes it and who follows do. */
  send(proposal: Proposal, changed: Partial<Payload> = {}): Promise<Status> {
    const { fork, payload, versionedHashes, parentBeaconBlockRoot, requests } = proposal;
    const version = VERSIONS[fork].newPayload;
    const more = version >= 3 ? [versionedHashes, parentBeaconBlockRoot] : [];
    const last = version >= 4 ? [requests] : [];
    const given = { ...payload, ...changed };
    return this.engine.call(`engine_newPayloadV${version}`, given, ...more, ...last);
  }

  /** Makes a block that was sent the head. */
  async choose({ slot, payload }: Proposal): Promise<void> {
    this.slot = slot;
    this.head = payload.blockHash;
    const before = this.proposals.get(payload.parentHash)?.slot ?? 0;
    for (const other of this.branch.keys()) if (other > before) this.branch.delete(other);
    this.branch.set(slot, payload.blockHash);
    const chosen = await this.forkchoice(this.state(), null);
    must(chosen.payloadStatus.status === 'VALID', 'the new head to be VALID', chosen);
    must(chosen.payloadStatus.latestValidHash === this.head, 'its hash', chosen);
  }

  /** The next slot, as it should be. */
  async nextSlot(meanwhile?: () => Promise<unknown>): Promise<Proposal> {
    const slot = this.slot + 1;
    const proposal = await this.propose(slot, meanwhile === undefined ? {} : { meanwhile });
    const status = await this.send(proposal);
    must(status.status === 'VALID', `slot ${slot} to be VALID`, status);
    must(status.latestValidHash === proposal.payload.blockHash, 'its own hash', status);
    await this.choose(proposal);
    return proposal;
  }

  /** A slot without a block. */
  skipSlot(): void {
    this.slot += 1;
  }
}

export function hex(value: number | bigint): Hex {
  return `0x${value.toString(16)}`;
}

function versionedHashOf(commitment: Hex): Hash {
  const digest = createHash('sha256')
    .update(Buffer.from(commitment.slice(2), 'hex'))
    .digest('hex');
  return `0x01${digest.slice(2)}`;
}
