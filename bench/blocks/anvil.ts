/** Anvil as a peer that builds blocks. */

import { launchAnvil } from '../../src/cli/bench/anvil.ts';
import type { MadeBlock } from './chain.ts';
import { mineOver, type PeerTimes } from './rpc.ts';
import { CHAIN_ID, GAS_LIMIT, GENESIS_TIME, type Scenario, type Sender } from './scenario.ts';

/** Undefined where npm has no binary for this platform. */
export async function mineInAnvil(
  scenario: Scenario,
  senders: readonly Sender[],
  blocks: readonly MadeBlock[],
): Promise<PeerTimes | undefined> {
  const anvil = await launchAnvil([
    ...['--hardfork', 'osaka', '--chain-id', CHAIN_ID.toString(), '--order', 'fifo'],
    ...['--gas-limit', GAS_LIMIT.toString(), '--timestamp', GENESIS_TIME.toString()],
  ]);
  if (anvil === undefined) return undefined;
  try {
    return await mineOver(anvil.ask, scenario, senders, blocks);
  } finally {
    anvil.stop();
  }
}
