/**
 * A node that is killed with -9 at random moments while it is driven and paid to: whatever it
 * answered VALID is there afterwards, and so is the head that it took.
 *
 * IRONFLY_CRASH_ROUNDS and IRONFLY_CRASH_SEED as in test/crash.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Hash } from '../../src/evm/types.ts';
import { readOrMakeSecret } from '../../src/node/server/bearer-token.ts';
import { randomFrom } from '../crash/random.ts';
import type { Proposal } from './beacon.ts';
import { devnetGenesis } from './devnet-genesis.ts';
import { Devnet } from './running-devnet.ts';

const ROUNDS = Number(process.env['IRONFLY_CRASH_ROUNDS'] ?? 3);
const SEED = Number(process.env['IRONFLY_CRASH_SEED'] ?? Date.now() % 1_000_000);
const DELAY_MS_MAX = 600;
const SLOTS_MAX = 4_000;

const base = mkdtempSync(join(tmpdir(), 'ironfly-engine-kill-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** What a node answered before it was killed. */
interface Answered {
  /** The head that was chosen, and one whose choice was not answered. */
  head: Hash;
  choosing: Hash | undefined;
  readonly valid: Proposal[];
}

/** Slots and payments until the node is gone. */
async function driveUntilGone(devnet: Devnet, answered: Answered): Promise<void> {
  const { beacon } = devnet;
  for (;;) {
    await devnet.pay();
    const proposal = await beacon.propose(beacon.slot + 1, { salt: `${Math.random()}` });
    const { status } = await beacon.send(proposal);
    expect(status).toBe('VALID');
    answered.valid.push(proposal);
    answered.choosing = proposal.payload.blockHash;
    await beacon.choose(proposal);
    answered.head = proposal.payload.blockHash;
    answered.choosing = undefined;
  }
}

test(`what was answered is there after ${ROUNDS} kills, seed ${SEED}`, async () => {
  const random = randomFrom(SEED);
  const genesis = Math.floor(Date.now() / 1000) - SLOTS_MAX * 12;
  const times = { genesis, slotSeconds: 12, forkSlots: 2 };
  const place = {
    folder: join(base, 'data'),
    genesis: join(base, 'genesis.json'),
    secretFile: join(base, 'jwt.hex'),
  };
  writeFileSync(place.genesis, devnetGenesis(times));
  const devnet = await Devnet.start(place, await readOrMakeSecret(place.secretFile), times);
  const { beacon } = devnet;
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const answered: Answered = { head: beacon.head, choosing: undefined, valid: [] };
      const driving = driveUntilGone(devnet, answered).catch((error: Error) => error);
      await new Promise((resolve) => setTimeout(resolve, random(DELAY_MS_MAX)));
      await devnet.restart('SIGKILL');
      // Anything but the connection that broke is a fault of the node's.
      expect(String((await driving) as Error)).toMatch(/fetch failed|terminated|socket/);
      const { hash } = await devnet.block('latest');
      expect([answered.head, answered.choosing]).toContain(hash);
      for (const proposal of answered.valid) {
        expect(await beacon.send(proposal)).toMatchObject({ status: 'VALID' });
      }
      const last = answered.valid.at(-1);
      if (last !== undefined) await beacon.choose(last);
      await devnet.nonceFromChain();
    }
    await devnet.pay();
    const { payload } = await beacon.nextSlot();
    expect(payload.transactions.length).toBeGreaterThan(0);
  } finally {
    await devnet.node.end('SIGKILL');
  }
});
