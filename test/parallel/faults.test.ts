/**
 * What goes wrong while threads execute a block: a thread ends, the state throws or answers late,
 * the memory for a job is full. The block is imported all the same, or the error comes out; nothing
 * hangs; the next block is spread again.
 */
import type { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { BlockAhead } from '../../src/chain/block-ahead.ts';
import type { BlockTree, PendingBlock } from '../../src/chain/block-tree.ts';
import { Chain } from '../../src/chain/chain.ts';
import { createInMemory } from '../../src/chain/database/folder.ts';
import { Crew } from '../../src/evm/parallel/crew.ts';
import { JobMemory } from '../../src/evm/parallel/job-memory.ts';
import type { Address } from '../../src/evm/types.ts';
import { COINBASE, sentBy, type World, worldOf } from './block-world.ts';
import { WatchedMachines } from './watched-machines.ts';

/** Threads of crews that were started, the youngest last. */
const threads: Worker[] = [];
const startsThread = (worker: Worker): void => {
  if (worker.threadName === 'ironfly worker') threads.push(worker);
};
beforeAll(() => {
  process.on('worker', startsThread);
});
afterAll(() => {
  process.off('worker', startsThread);
});

const contract = (digits: string): Address => `0x${digits.repeat(20)}`;
const [MIX, EACH, LOOP] = ['01', '02', '0b'].map(contract) as [Address, Address, Address];
const SENDERS = 19;
const GAS = 100_000n;
/** Some 20 ms. */
const LONG = 4_000_000n;
const WORLD = worldOf({ fork: 'osaka', gasLimit: 200_000_000n });

/** What is done at each read of the state, from the first of a block on. */
type Hook = (reads: number, address: Address) => void | Promise<void>;

interface Hooked {
  readonly chain: Chain;
  readonly machines: WatchedMachines;
  hook: Hook | undefined;
}

function openMachines(workers: number): WatchedMachines {
  return new WatchedMachines({ engine: 'interpreter', workers, spreadFrom: 1 });
}

async function openChain(machines: WatchedMachines, world: World = WORLD): Promise<Hooked> {
  const { spec, genesis, state } = world;
  const tree: BlockTree = await createInMemory(genesis, state.asChanges());
  const hooked: Hooked = { chain: new Chain({ spec, tree, machines }), machines, hook: undefined };
  const begin = tree.begin.bind(tree);
  tree.begin = async (parent, hashes) => {
    const pending = await begin(parent, hashes);
    // Not while the block is executed once more.
    if (hooked.hook !== undefined) watchReads(pending, hooked.hook);
    hooked.hook = undefined;
    return pending;
  };
  return hooked;
}

function watchReads(pending: PendingBlock, hook: Hook): void {
  const getStorage = pending.getStorage.bind(pending);
  let reads = 0;
  pending.getStorage = (address, slot) => {
    const waits = hook(reads++, address);
    if (waits === undefined) return getStorage(address, slot);
    return waits.then(() => getStorage(address, slot));
  };
}

/** Blocks upon each other, built by one thread; all senders send in each. */
async function makeBlocks(count: number, world: World = WORLD): Promise<Uint8Array[]> {
  const { chain } = await openChain(openMachines(1), world);
  const blocks: Uint8Array[] = [];
  for (let number = 1; number <= count; number++) {
    const transactions = Array.from({ length: SENDERS }, (_, sender) => {
      // Most have slots of their own that nobody has read; the first ones take their time.
      const to = number === 1 && sender < 2 ? LOOP : sender % 6 === 5 ? MIX : EACH;
      const gasLimit = to === LOOP ? LONG : GAS;
      return sentBy(sender, { to, gasLimit, nonce: BigInt(number - 1) });
    });
    const timestamp = chain.head.header.timestamp + 12n;
    const { block, bytes } = await chain.produceBlock({
      timestamp,
      coinbase: COINBASE,
      transactions,
    });
    await chain.setHead(block.hash);
    blocks.push(bytes);
  }
  await chain.close();
  return blocks;
}

let blocks: readonly [Uint8Array, Uint8Array, Uint8Array];
beforeAll(async () => {
  blocks = (await makeBlocks(3)) as [Uint8Array, Uint8Array, Uint8Array];
});

/** A block that is not what it says is refused, so that it is imported is all there is to see. */
async function importNext({ chain }: Pick<Hooked, 'chain'>, bytes: Uint8Array): Promise<void> {
  await chain.setHead((await chain.importBlock(bytes)).hash);
}

/** The last block was executed by threads. */
function expectSpread({ machines }: Pick<Hooked, 'machines'>): void {
  expect(machines.reports.at(-1)).toBeDefined();
  machines.reports.length = 0;
}

/** Of the crew that was started last. */
const crewOf = (workers: number) => threads.slice(-(workers - 1));

describe.each([2, 4, 8])('one of %i workers ends', (workers) => {
  test('while the state is read for it or for another', async () => {
    for (const at of workers === 2 ? [0, 1, 4, 7, 11, 14] : [2, 9]) {
      for (const dies of ['first', 'all']) {
        const hooked = await openChain(openMachines(workers));
        hooked.hook = (reads) => {
          if (reads !== at) return undefined;
          const crew = dies === 'all' ? crewOf(workers) : crewOf(workers).slice(0, 1);
          return Promise.all(crew.map((worker) => worker.terminate())).then(() => {});
        };
        for (const block of blocks) await importNext(hooked, block);
        expectSpread(hooked);
        await hooked.chain.close();
      }
    }
  });

  test('between two blocks', async () => {
    const hooked = await openChain(openMachines(workers));
    await importNext(hooked, blocks[0]);
    expectSpread(hooked);
    await crewOf(workers)[0]?.terminate();
    await importNext(hooked, blocks[1]);
    await importNext(hooked, blocks[2]);
    expectSpread(hooked);
    await hooked.chain.close();
  });

  test('while a block is begun ahead', async () => {
    const hooked = await openChain(openMachines(workers));
    await importNext(hooked, blocks[0]);
    const begin = BlockAhead.begin.bind(BlockAhead);
    const begins = vi.spyOn(BlockAhead, 'begin').mockImplementationOnce(async (...given) => {
      const begun = begin(...given);
      await Promise.all(crewOf(workers).map((worker) => worker.terminate()));
      return begun;
    });
    const { chain } = hooked;
    await Promise.all(blocks.slice(1).map((bytes) => chain.importBlock(bytes)));
    expect(begins).toHaveBeenCalledOnce();
    begins.mockRestore();
    await chain.close();
  });

  test('which another chain had as well', async () => {
    const [one, other] = [
      await openChain(openMachines(workers)),
      await openChain(openMachines(workers)),
    ];
    for (const hooked of [one, other]) await importNext(hooked, blocks[0]);
    one.hook = (reads) => {
      if (reads !== 4) return undefined;
      return Promise.all(crewOf(workers).map((worker) => worker.terminate())).then(() => {});
    };
    await importNext(one, blocks[1]);
    for (const hooked of [other, one]) await importNext(hooked, blocks[hooked === one ? 2 : 1]);
    expectSpread(one);
    expectSpread(other);
  });
});

test('a block is imported, whatever it is that finds no place in the memory of a job', async () => {
  const isEnough = async (bytes: number): Promise<boolean> => {
    const machines = openMachines(2);
    // One thread takes as much in every run.
    machines.crew = new Crew(1, bytes);
    const hooked = await openChain(machines);
    await importNext(hooked, blocks[0]);
    const [report] = machines.reports;
    if (report !== undefined) await importNext(hooked, blocks[1]);
    await hooked.chain.close();
    return report !== undefined;
  };
  let [few, enough] = [1 << 10, 1 << 18];
  while (enough - few > 64) {
    const middle = ((few + enough) >> 7) << 6;
    if (await isEnough(middle)) enough = middle;
    else few = middle;
  }
  for (let bytes = enough - 24 * 64; bytes < enough; bytes += 64) {
    expect(await isEnough(bytes), `${bytes} bytes of ${enough}`).toBe(false);
  }
});

test('where WebAssembly traps one thread executes the block, and more the next one', async () => {
  const hooked = await openChain(openMachines(2));
  const write = vi.spyOn(JobMemory.prototype, 'writeRaw').mockImplementationOnce(() => {
    throw new WebAssembly.RuntimeError('unreachable');
  });
  for (const block of blocks) await importNext(hooked, block);
  expect(write).toHaveBeenCalled();
  expectSpread(hooked);
  write.mockRestore();
  await hooked.chain.close();
});
