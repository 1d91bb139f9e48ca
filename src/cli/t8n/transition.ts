/**
 * One transition: a state, a block's environment and transactions to the state behind it and what
 * a header would say. The executor is that of import; what differs is that a transaction which
 * cannot be in the block is left out and named, and that the caller says what a miner is paid.
 */

import { indexedRoot } from '../../chain/blocks/block.ts';
import { InvalidBlock } from '../../chain/blocks/fault.ts';
import type { Reward } from '../../chain/blocks/rewards.ts';
import type { ChainSpec } from '../../chain/chain-spec.ts';
import { type BlockOutcome, BlockRun } from '../../chain/executor/sequential.ts';
import type { Machines } from '../../chain/machines.ts';
import type { Hash } from '../../evm/types.ts';
import type { MemoryState } from '../../state/memory.ts';
import { blockOf, type Environment, type TransitionBlock } from './environment.ts';
import { TransitionError } from './fault.ts';
import type { TraceFiles } from './trace-files.ts';

export interface TransitionRequest {
  readonly spec: ChainSpec;
  /** It becomes the state behind. */
  readonly state: MemoryState;
  readonly environment: Environment;
  /** As blocks hold them. */
  readonly transactions: readonly Uint8Array[];
  /** Wei for the miner, of which those of uncles are parts; undefined: nobody is touched. */
  readonly reward: bigint | undefined;
  readonly machines: Machines;
  /** Where the steps of each transaction go. */
  readonly traces?: TraceFiles;
}

export interface Transition {
  readonly block: TransitionBlock;
  readonly environment: Environment;
  readonly state: MemoryState;
  readonly stateRoot: Hash;
  readonly transactionsRoot: Hash;
  readonly outcome: BlockOutcome;
  /** Those in the block. */
  readonly included: readonly Uint8Array[];
  readonly rejected: readonly RejectedTransaction[];
}

export interface RejectedTransaction {
  /** Among all that were given. */
  readonly index: number;
  readonly error: string;
}

/** Part of the reward for each uncle that a block names. */
const NEPHEW_DIVISOR = 32n;
const UNCLE_DISTANCE = 8n;
/** First byte of a transaction with blobs. */
const BLOB_TYPE = 3;

/** @throws TransitionError */
export async function transition(request: TransitionRequest): Promise<Transition> {
  const { spec, environment, machines, state } = request;
  const block = blockOf(environment, spec);
  const { blockRules, header } = block;
  state.blockHash = (number) => blockHash(environment, number);
  const evm = machines.for(blockRules.rules);
  try {
    const run = new BlockRun({ spec, blockRules, evm, state }, header);
    await run.begin();
    const { included, rejected } = await executeAll(run, request, block);
    const outcome = await run.finish({
      uncles: [],
      withdrawals: environment.withdrawals ?? [],
      rewards: rewardsOf(environment, request.reward),
    });
    const stateRoot = state.root();
    const transactionsRoot = indexedRoot(included);
    return {
      block,
      environment,
      state,
      stateRoot,
      transactionsRoot,
      outcome,
      included,
      rejected,
    };
  } catch (error) {
    machines.discard(blockRules.rules);
    if (!(error instanceof InvalidBlock)) throw error;
    throw new TransitionError('t8n/execution', `${error.code}: ${error.message}`, { cause: error });
  }
}

async function executeAll(
  run: BlockRun,
  { transactions, traces }: TransitionRequest,
  { hasBlobPrice }: TransitionBlock,
): Promise<Pick<Transition, 'included' | 'rejected'>> {
  const included: Uint8Array[] = [];
  const rejected: RejectedTransaction[] = [];
  for (const [index, bytes] of transactions.entries()) {
    if (bytes[0] === BLOB_TYPE && !hasBlobPrice) {
      const error = 'no blob price: the environment gives no excess blob gas';
      rejected.push({ index, error });
      continue;
    }
    const trace = traces?.begin(included.length, bytes);
    try {
      await run.transact(bytes, undefined, trace);
      trace?.keep();
      included.push(bytes);
    } catch (error) {
      trace?.drop();
      if (!(error instanceof InvalidBlock)) throw error;
      const { reason, message } = error.details;
      rejected.push({ index, error: `${reason}: ${message}` });
    }
  }
  return { included, rejected };
}

/** @throws TransitionError: a hash that was not given is not made up */
function blockHash({ blockHashes }: Environment, number: bigint): Hash {
  const hash = blockHashes?.get(number);
  if (hash !== undefined) return hash;
  const message = `the hash of block ${number} was asked for, and blockHashes does not give it`;
  throw new TransitionError('t8n/missing block hash', message, { details: { number } });
}

function rewardsOf({ coinbase, ommers }: Environment, reward: bigint | undefined): Reward[] {
  if (reward === undefined) return [];
  const nephews = (reward / NEPHEW_DIVISOR) * BigInt(ommers.length);
  return [
    ...ommers.map(({ address, delta }) => ({
      address,
      amount: ((UNCLE_DISTANCE - delta) * reward) / UNCLE_DISTANCE,
    })),
    { address: coinbase, amount: reward + nephews },
  ];
}
