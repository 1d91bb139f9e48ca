/**
 * As long as the head's transaction goes on, the other workers come to an end with the rest. They
 * did not where an early look found less than there was, behind records that were dead or of later
 * ones: a mainnet block's transactions were executed 80,000 times, until a job's memory was full.
 */
import { expect, test } from 'vitest';
import { rulesOf } from '../../src/evm/forks/rules.ts';
import { plainTransaction } from '../../src/evm/plain-transaction.ts';
import type { Address } from '../../src/evm/types.ts';
import { compileRuntime } from '../runtime-internals.ts';
import { COINBASE, SENDER_ADDRESSES, worldOf } from './block-world.ts';
import { executeParallel, FILES } from './parallel-block.ts';

const MIX: Address = `0x${'01'.repeat(20)}`;
const BLOCK = {
  number: 5n,
  timestamp: 1_000n,
  coinbase: COINBASE,
  gasLimit: 1_000_000_000n,
  prevRandao: 7n,
  difficulty: 0n,
  baseFee: 10n,
  blobBaseFee: 1n,
};

test.each([12, 40, 80])('%i transactions of one slot', async (count) => {
  const module = await compileRuntime(FILES, { parallel: true });
  const transactions = Array.from({ length: count }, (_, index) =>
    plainTransaction({
      sender: SENDER_ADDRESSES[index % 18] as Address,
      nonce: BigInt(Math.floor(index / 18)),
      to: MIX,
      gasLimit: 100_000n,
      maxFeePerGas: 1_000n,
    }),
  );
  // The first worker takes the head's transaction, asks for state, and is away for long.
  let turns = 0;
  const turn = () => {
    turns += 1;
    return turns === 1 || turns > 20_000 ? 0 : 1 + (turns % 2);
  };
  const { turns: taken } = executeParallel(module, transactions, {
    rules: rulesOf('osaka'),
    chainId: 1n,
    block: BLOCK,
    state: worldOf({ fork: 'osaka', gasLimit: 30_000_000n }).state,
    workers: 3,
    window: 100,
    turn,
    regionBytes: 64 << 20,
  });
  expect(taken).toBeLessThan(count * 10);
});
