/**
 * The whole course that a node is driven through: a chain of slots over all forks until it
 * finalises, and on the way every fault that consensus clients were seen to make or meet.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hash } from '../../src/evm/types.ts';
import { readOrMakeSecret } from '../../src/node/server/bearer-token.ts';
import { must } from './beacon.ts';
import { DEVNET_FORKS, type DevnetTimes, devnetGenesis } from './devnet-genesis.ts';
import { FAULTS } from './faults.ts';
import type { NodePlace } from './node-process.ts';
import { Devnet } from './running-devnet.ts';

export interface DriveOptions {
  /** Seconds. */
  readonly slotSeconds: number;
  /** Whether slots last as long as they say, else as long as they take. */
  readonly isInTime: boolean;
  /** Slots of each fork. */
  readonly forkSlots: number;
  /** Told of each slot and each fault. */
  readonly say: (line: string) => void;
}

export interface DriveResult {
  readonly slots: number;
  readonly head: bigint;
  readonly finalized: bigint;
  readonly faults: number;
  readonly restarts: number;
}

/** Drives a node of its own. @throws Error for the first thing that is not as it must be */
export async function drive(options: DriveOptions): Promise<DriveResult> {
  const { slotSeconds, forkSlots, isInTime, say } = options;
  const base = mkdtempSync(join(tmpdir(), 'ironfly-devnet-'));
  const now = Math.floor(Date.now() / 1000);
  // Times that are not waited for lie behind: no block is of the future.
  const slots = DEVNET_FORKS.length * forkSlots + FAULTS.length;
  const genesis = isInTime ? now : now - slots * slotSeconds;
  const times: DevnetTimes = { genesis, slotSeconds, forkSlots };
  const place: NodePlace = {
    folder: join(base, 'data'),
    genesis: join(base, 'genesis.json'),
    secretFile: join(base, 'jwt.hex'),
  };
  writeFileSync(place.genesis, devnetGenesis(times));
  const secret = await readOrMakeSecret(place.secretFile);
  const devnet = await Devnet.start(place, secret, times);
  try {
    say(`genesis ${devnet.beacon.genesisHash}, a node at ${devnet.node.url('engine')}`);
    return await run(devnet, options);
  } catch (error) {
    say(devnet.node.log);
    throw error;
  } finally {
    await devnet.node.end('SIGKILL');
    rmSync(base, { recursive: true, force: true });
  }
}

async function run(devnet: Devnet, options: DriveOptions): Promise<DriveResult> {
  const { forkSlots, isInTime, say } = options;
  const { beacon } = devnet;
  const slots = DEVNET_FORKS.length * forkSlots + FAULTS.length;
  const left = [...FAULTS];
  let faults = 0;
  while (beacon.slot < slots || left.length > 0) {
    const slot = beacon.slot + 1;
    if (isInTime) await until(beacon.timestampOf(slot) * 1000);
    const paid = await devnet.pay();
    const { payload, fork } = await beacon.nextSlot();
    must(payload.transactions.length >= 1, 'the transaction in the block', payload);
    const receipt = await devnet.rpc.call<{ readonly blockHash: Hash } | null>(
      'eth_getTransactionReceipt',
      paid,
    );
    must(receipt?.blockHash === beacon.head, 'a receipt in the head', receipt);
    await checkFinality(devnet);
    say(slotLine(devnet, fork, payload.transactions.length));
    const fault =
      slot % 2 === 0 ? left.find(({ since = 'paris' }) => isSince(fork, since)) : undefined;
    if (fault === undefined) continue;
    left.splice(left.indexOf(fault), 1);
    const start = performance.now();
    await fault.run(devnet);
    faults += 1;
    say(`  ${fault.name}: ok (${Math.round(performance.now() - start)} ms)`);
  }
  const { number: finalized } = await devnet.block('finalized');
  const { number: head } = await devnet.block('latest');
  must(finalized > 0n, 'a finalized block', finalized);
  return { slots: beacon.slot, head, finalized, faults, restarts: devnet.restarts };
}

function isSince(
  fork: (typeof DEVNET_FORKS)[number],
  since: (typeof DEVNET_FORKS)[number],
): boolean {
  return DEVNET_FORKS.indexOf(fork) >= DEVNET_FORKS.indexOf(since);
}

async function checkFinality(devnet: Devnet): Promise<void> {
  const { beacon } = devnet;
  const [head, safe, finalized] = await Promise.all(
    ['latest', 'safe', 'finalized'].map((tag) => devnet.block(tag)),
  );
  must(head?.hash === beacon.head, `the head ${beacon.head}`, head?.hash);
  must(safe?.hash === beacon.safe, `the safe block ${beacon.safe}`, safe?.hash);
  must(finalized?.hash === beacon.finalized, `finalized ${beacon.finalized}`, finalized?.hash);
}

function slotLine({ beacon }: Devnet, fork: string, transactions: number): string {
  const { slot, head, finalized, genesisHash } = beacon;
  const final = finalized === genesisHash ? 'genesis' : finalized.slice(0, 10);
  const block = `${head.slice(0, 10)} with ${transactions} transactions`;
  return `slot ${String(slot).padStart(3)} ${fork.padEnd(8)} ${block}, finalized ${final}`;
}

function until(timeMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, timeMs - Date.now())));
}
