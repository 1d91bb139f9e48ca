/**
 * Imports many blocks one after another: several are on their way at once, so that the next one is
 * executed while the last ones go to the disk. What is there already is passed over by its header
 * alone; so an import that was ended at any moment, however it ended, is begun again from the start
 * and goes on where it was.
 */

import { IronflyError } from '../base/errors.ts';
import { decodeRlp } from '../base/rlp.ts';
import type { Hash } from '../evm/types.ts';
import { hashInBlock, headerIn } from './block-files/rlp-blocks.ts';
import type { KnownBlock } from './block-tree.ts';
import { InvalidBlock } from './blocks/fault.ts';
import { decodeHeader } from './blocks/header.ts';
import type { Chain } from './chain.ts';

/** A block that was refused; those before it are imported and stay. */
export class ImportError extends IronflyError<
  'import/invalid block' | 'import/another chain' | 'import/failed'
> {}

export interface ImportTotals {
  /** Blocks that were imported. */
  readonly blocks: number;
  /** Blocks that were there already. */
  readonly skipped: number;
  readonly transactions: number;
  readonly gas: bigint;
}

export interface ImportOptions {
  /** Ends the import between two blocks. */
  readonly signal?: AbortSignal;
  /** Told of each block that was imported or passed over, old ones of those by no name. */
  readonly onBlock?: (block: KnownBlock | undefined, totals: ImportTotals) => void;
}

/** Blocks on their way: one is executed, one waits, the others are being written. */
const IN_FLIGHT = 6;

/**
 * The head moves to each block: with the most work before the merge, to the last one after it.
 * @throws ImportError naming the block and its rule; what the source of the blocks throws
 */
export async function importBlocks(
  chain: Chain,
  blocks: AsyncIterable<Uint8Array>,
  options: ImportOptions = {},
): Promise<ImportTotals> {
  const run = new ImportRun(chain, options);
  try {
    for await (const bytes of blocks) {
      if (options.signal?.aborted === true) break;
      await run.take(bytes);
    }
  } catch (error) {
    // What was begun before the fault is imported, too; what becomes of it, the next import says.
    await run.finish().catch(() => {});
    throw error;
  }
  await run.finish();
  return run.totals;
}

interface Flying {
  readonly bytes: Uint8Array;
  readonly result: Promise<Imported>;
}

type Imported =
  | { readonly ok: true; readonly block: KnownBlock; readonly transactions: number }
  | { readonly ok: false; readonly error: unknown };

class ImportRun {
  readonly #chain: Chain;
  readonly #options: ImportOptions;
  readonly #flying: Flying[] = [];
  /** Resolves when all choices of a head are on the disk. */
  #chosen: Promise<unknown> = Promise.resolve();
  totals: ImportTotals = { blocks: 0, skipped: 0, transactions: 0, gas: 0n };

  constructor(chain: Chain, options: ImportOptions) {
    this.#chain = chain;
    this.#options = options;
  }

  async take(bytes: Uint8Array): Promise<void> {
    const hash = hashInBlock(bytes);
    if (hash !== undefined && this.#chain.has(hash)) {
      await this.#land(0);
      this.#pass(hash);
      return;
    }
    const result = this.#chain.importBlock(bytes).then(
      (block): Imported => ({ ok: true, block, transactions: block.transactions.length }),
      (error: unknown): Imported => ({ ok: false, error }),
    );
    this.#flying.push({ bytes, result });
    await this.#land(IN_FLIGHT - 1);
  }

  /** Waits for all that is on its way. */
  async finish(): Promise<void> {
    await this.#land(0);
    await this.#chosen;
  }

  /** Waits until no more than so many are on their way. */
  async #land(most: number): Promise<void> {
    while (this.#flying.length > most) {
      const { bytes, result } = this.#flying.shift() as Flying;
      const imported = await result;
      if (!imported.ok) {
        // Those behind it are its descendants, which fail as well, or stand by themselves.
        await Promise.all(this.#flying.splice(0).map((each) => each.result));
        throw refusal(bytes, imported.error);
      }
      const { block, transactions } = imported;
      this.#choose(block);
      const { totals } = this;
      this.totals = {
        ...totals,
        blocks: totals.blocks + 1,
        transactions: totals.transactions + transactions,
        gas: totals.gas + block.header.gasUsed,
      };
      this.#options.onBlock?.(block, this.totals);
    }
  }

  /** A block that is there; the head may have been left behind it by an abrupt end. */
  #pass(hash: Hash): void {
    this.totals = { ...this.totals, skipped: this.totals.skipped + 1 };
    const block = this.#chain.recent(hash);
    if (block?.header.parentHash === this.#chain.head.hash) this.#choose(block);
    this.#options.onBlock?.(block, this.totals);
  }

  #choose(block: KnownBlock): void {
    const { head } = this.#chain;
    const isMerged = block.header.difficulty === 0n;
    if (!isMerged && block.totalDifficulty <= head.totalDifficulty) return;
    this.#chosen = Promise.all([this.#chosen, this.#chain.setHead(block.hash)]);
    // A write that fails, the next import tells, too; who waits for it comes at the end.
    this.#chosen.catch(() => {});
  }
}

function refusal(bytes: Uint8Array, cause: unknown): ImportError {
  const message = (cause as Error).message;
  const name = nameOf(bytes);
  if (!(cause instanceof InvalidBlock)) {
    return new ImportError('import/failed', `${name} was not imported: ${message}`, { cause });
  }
  if (cause.code === 'block/unknown parent' && name.startsWith('block 0 ')) {
    const another = `${name} begins another chain than the one that is there`;
    return new ImportError('import/another chain', another, { cause });
  }
  const text = `${name} is invalid: ${cause.code}: ${message}`;
  return new ImportError('import/invalid block', text, { cause, details: cause.details });
}

function nameOf(bytes: Uint8Array): string {
  const header = headerIn(bytes);
  const result = header && decodeRlp(header);
  const hash = hashInBlock(bytes);
  try {
    if (result?.ok === true) return `block ${decodeHeader(result.item).number} (${hash})`;
  } catch {
    // What is no header has a hash, too.
  }
  return hash === undefined ? 'a block that is none' : `the block ${hash}`;
}
