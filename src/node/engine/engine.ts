/** The part of a node that a consensus client drives, as the `engine_` methods see it. */

import type { Hex } from '../../evm/types.ts';
import type { Node } from '../node.ts';
import { Consensus } from './consensus.ts';
import { PayloadBuilds } from './payload-build.ts';
import { PayloadForks } from './payload-forks.ts';
import { type BlobKeeper, NO_BLOBS, VerifiedBlobs } from './verified-blobs.ts';

/** ClientVersionV1. */
export interface ClientVersion {
  /** Two letters. */
  readonly code: string;
  readonly name: string;
  readonly version: string;
  /** Four bytes of the commit that it was built from; zeros where that is not known. */
  readonly commit: Hex;
}

export interface Engine {
  readonly consensus: Consensus;
  readonly builds: PayloadBuilds;
  readonly forks: PayloadForks;
  readonly blobs: VerifiedBlobs;
  readonly version: ClientVersion;
}

/** A node with a consensus client beside it. */
export interface EngineNode extends Node {
  readonly engine: Engine;
}

export interface EngineOptions {
  readonly version: ClientVersion;
  /** Where blobs are kept; none when left out. */
  readonly blobs?: BlobKeeper;
  /** Which gas limit blocks move to; the parent's when left out. */
  readonly gasLimit?: bigint;
  /** Of the blocks that are built, at most 32 bytes. */
  readonly extraData?: Hex;
}

/** "ironfly" */
const EXTRA_DATA: Hex = '0x69726f6e666c79';

/** Puts an engine beside a node's other parts. */
export function withEngine<N extends Node>(node: N, options: EngineOptions): N & EngineNode {
  const { version, gasLimit, extraData = EXTRA_DATA } = options;
  const { ledger, pool } = node;
  const blobs = new VerifiedBlobs(options.blobs ?? NO_BLOBS, pool);
  const forks = new PayloadForks(ledger.chain.spec);
  const limit = gasLimit === undefined ? {} : { gasLimit };
  const builds = new PayloadBuilds({ ledger, pool, blobs, forks, extraData, ...limit });
  const consensus = new Consensus(ledger, builds);
  const engine = { consensus, builds, forks, blobs, version };
  return { ...node, engine };
}
