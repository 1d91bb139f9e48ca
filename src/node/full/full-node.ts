/**
 * A node for the long run: a chain in a folder, whose blocks a consensus client sends through the
 * Engine API. Everything that it has lies in one folder:
 *
 *   FOLDER/state, log, lock   the chain (chain/database/folder.ts)
 *   FOLDER/transactions       where transactions stand
 *   FOLDER/pool               transactions that wait
 *   FOLDER/jwt.hex            the secret that a consensus client shares, where no other is named
 *
 * It can be ended at any moment: what was answered is on the disk, and the rest is found again.
 */

import { join } from 'node:path';
import { blocksInFile } from '../../chain/block-files/block-file.ts';
import type { Chain } from '../../chain/chain.ts';
import { DatabaseError } from '../../chain/database/fault.ts';
import { requireDatabase } from '../../chain/database/folder.ts';
import type { GenesisFile } from '../../chain/genesis-files/genesis-file.ts';
import { type ImportOptions, importBlocks } from '../../chain/import-blocks.ts';
import { type ChainSetting, createChain, openChain } from '../../chain/open-chain.ts';
import { type EngineNode, type EngineOptions, withEngine } from '../engine/engine.ts';
import type { BlobKeeper } from '../engine/verified-blobs.ts';
import { CallMachines } from '../execution/call-machines.ts';
import { callWorkersOf } from '../execution/workers/call-workers.ts';
import { Ledger } from '../ledger/ledger.ts';
import { logIndexOf } from '../ledger/log-index.ts';
import { REQUEST_LIMITS } from '../node.ts';
import { type Logger, SILENT } from '../operations/logger.ts';
import { PoolJournal } from '../pool/journal.ts';
import { MemoryPool } from '../pool/memory-pool.ts';
import { blobAt } from '../pool/sidecar.ts';
import { StoredTransactionIndex } from './stored-transaction-index.ts';

export interface FullNodeOptions extends ChainSetting {
  readonly folder: string;
  /** What the chain begins with; a folder that holds one already is held to it. */
  readonly genesis?: GenesisFile;
  /** Files of blocks that are imported before anything is answered. */
  readonly imports?: readonly string[];
  /** Ends the import between two blocks. */
  readonly signal?: AbortSignal;
  readonly clientVersion: string;
  readonly consensusClient: Omit<EngineOptions, 'blobs'>;
  /** The node makes its blocks itself: nobody spreads the blobs beside them. */
  readonly isSequencer?: boolean;
  /** Threads for long calls and traces; none when left out. */
  readonly callWorkers?: number;
  readonly log?: Logger;
}

/** Blocks between two lines of the log while many are gone over. */
const PROGRESS_BLOCKS = 10_000n;

export class FullNode {
  readonly node: EngineNode;
  readonly #pool: MemoryPool;
  readonly #journal: PoolJournal;
  readonly #index: StoredTransactionIndex;
  readonly #chain: Chain;
  readonly #stopKeeping: () => void;
  #closed: Promise<void> | undefined;

  private constructor(parts: Parts, options: FullNodeOptions) {
    const { clientVersion, consensusClient } = options;
    const { chain, index, ledger, pool, journal } = parts;
    this.#chain = chain;
    this.#index = index;
    this.#pool = pool;
    this.#journal = journal;
    const machines = new CallMachines();
    const callWorkers = callWorkersOf(options.callWorkers);
    const node = { ledger, machines, pool, limits: REQUEST_LIMITS, clientVersion, callWorkers };
    this.node = withEngine(node, { ...consensusClient, blobs: keeperOf(pool) });
    // New blocks are in it before anybody asks for logs.
    logIndexOf(ledger);
    // What consensus says comes just behind the head: what is kept is one block old at most.
    this.#stopKeeping = ledger.onHead(() => index.keepFinality(ledger.finality));
  }

  /** @throws DatabaseError, StoreError, ImportError; nothing is left open then */
  static async open(options: FullNodeOptions): Promise<FullNode> {
    const { folder, log = SILENT } = options;
    const chain = await openOrCreate(options);
    const opened: (() => Promise<void>)[] = [() => chain.close()];
    try {
      await importAll(chain, options);
      const index = await StoredTransactionIndex.open({
        folder: join(folder, 'transactions'),
        chain,
        onProgress: (block, head) => log.info('transactions indexed', { block, head }),
      });
      opened.push(() => index.close());
      const ledger = new Ledger({ chain, index });
      restoreFinality(ledger, index);
      const { journal, sent } = await PoolJournal.open(join(folder, 'pool'));
      opened.push(() => journal.close());
      const pool = new MemoryPool({
        ledger,
        limits: { wantsCellProofs: options.isSequencer !== true },
        onAdded: (bytes) => journal.append(bytes, () => pool.sent()),
      });
      await takeAgain(pool, sent, log);
      await journal.rotate(pool.sent());
      return new FullNode({ chain, index, ledger, pool, journal }, options);
    } catch (error) {
      for (const close of opened.toReversed()) await close().catch(() => {});
      throw error;
    }
  }

  /** What has failed that the node goes on without; undefined where nothing has. */
  get faults(): Readonly<Record<string, string | undefined>> {
    return { index: textOf(this.#index.failure), journal: textOf(this.#journal.failure) };
  }

  /** Finishes what is being executed, and has all on the disk. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** Whatever fails to close, the others are closed. */
  async #close(): Promise<void> {
    const { engine, callWorkers } = this.node;
    this.#stopKeeping();
    // What comes last is closed first: nobody looks at what is closed.
    await using closing = new AsyncDisposableStack();
    closing.defer(() => this.#chain.close());
    closing.defer(() => this.#closeIndex());
    closing.defer(() => this.#closePool());
    closing.defer(() => engine.blobs.close());
    closing.defer(() => engine.builds.close());
    closing.defer(() => callWorkers?.close());
  }

  async #closeIndex(): Promise<void> {
    this.#index.keepFinality(this.node.ledger.finality);
    await this.#index.close();
  }

  async #closePool(): Promise<void> {
    await this.#pool.settled();
    await this.#journal.rotate(this.#pool.sent());
    await this.#journal.close();
    this.#pool.close();
  }
}

interface Parts {
  readonly chain: Chain;
  readonly index: StoredTransactionIndex;
  readonly ledger: Ledger;
  readonly pool: MemoryPool;
  readonly journal: PoolJournal;
}

/** The pool's blobs; a transaction with blobs that are not proven leaves it. */
function keeperOf(pool: MemoryPool): BlobKeeper {
  return {
    ofTransaction: (hash) => {
      const sidecar = pool.sidecar(hash);
      const hashes = pool.get(hash)?.transaction.blobVersionedHashes;
      const blobs = sidecar && hashes?.map((each) => blobAt(sidecar, each));
      return blobs?.every((each) => each !== undefined) === true ? blobs : undefined;
    },
    byVersionedHash: (hash) => pool.blob(hash),
    refuse: (hash) => pool.remove(hash),
  };
}

async function openOrCreate(options: FullNodeOptions): Promise<Chain> {
  const { folder, genesis, engine, workers, window, archive } = options;
  const setting: ChainSetting = {
    ...(engine === undefined ? {} : { engine }),
    ...(workers === undefined ? {} : { workers }),
    ...(window === undefined ? {} : { window }),
    ...(archive === undefined ? {} : { archive }),
  };
  try {
    await requireDatabase(folder);
  } catch (error) {
    if (genesis === undefined) {
      const message = `there is no chain in ${folder}: name the genesis file that one begins with`;
      throw new DatabaseError('database/missing', message, { cause: error });
    }
    return createChain(genesis, { ...setting, folder });
  }
  if (genesis === undefined) return openChain(folder, setting);
  const chain = await openChain(folder, { ...setting, spec: genesis.spec });
  const { header, hash } = genesis.block;
  const first = await chain.blockAt(header.number);
  if (first === undefined || first.hash === hash) return chain;
  await chain.close();
  const message = `the chain in ${folder} begins with ${first.hash}, the genesis file with ${hash}`;
  throw new DatabaseError('database/another chain', message);
}

async function importAll(chain: Chain, options: FullNodeOptions): Promise<void> {
  const { imports = [], signal, log = SILENT } = options;
  for (const file of imports) {
    let last = 0n;
    const given: ImportOptions = {
      ...(signal === undefined ? {} : { signal }),
      onBlock: (block) => {
        const number = block?.header.number;
        if (number === undefined || number < last + PROGRESS_BLOCKS) return;
        last = number;
        log.info('blocks imported', { block: number });
      },
    };
    const { blocks, skipped, gas } = await importBlocks(chain, blocksInFile(file), given);
    log.info('file imported', { file, blocks, skipped, gas, head: chain.head.header.number });
  }
}

/** As consensus said before the node was ended; a block that is not there any more is unsaid. */
function restoreFinality(ledger: Ledger, index: StoredTransactionIndex): void {
  const { safe, finalized } = index.finality;
  ledger.setFinality({
    ...(safe && ledger.chain.has(safe) ? { safe } : {}),
    ...(finalized && ledger.chain.has(finalized) ? { finalized } : {}),
  });
}

/** Transactions that waited when the node was ended; those that cannot wait any more are gone. */
async function takeAgain(
  pool: MemoryPool,
  sent: readonly Uint8Array[],
  log: Logger,
): Promise<void> {
  let taken = 0;
  for (const bytes of sent) {
    await pool.add(bytes).then(
      () => taken++,
      () => {},
    );
  }
  if (sent.length > 0) log.info('pool restored', { taken, of: sent.length });
}

function textOf(failure: unknown): string | undefined {
  if (failure === undefined) return undefined;
  return failure instanceof Error ? failure.message : String(failure);
}
