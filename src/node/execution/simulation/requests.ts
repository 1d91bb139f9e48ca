/**
 * What `eth_simulateV1` is asked: blocks, each with what it pretends and its calls. They are put
 * into order as geth does it (internal/ethapi/simulate.go): gaps are filled with empty blocks.
 */

import type { Withdrawal } from '../../../chain/blocks/block.ts';
import type { BlockHeader } from '../../../chain/blocks/header.ts';
import type { StateOverrides } from '../../../evm/execution-options.ts';
import { invalidParams, RpcError } from '../../rpc/errors.ts';
import {
  listOf,
  objectOf,
  optional,
  type Read,
  readAddress,
  readBoolean,
  readU64,
  withDefault,
} from '../../rpc/values.ts';
import { type BlockOverrides, readBlockOverrides, readStateOverrides } from '../call-overrides.ts';
import { type CallRequest, readCallRequest } from '../call-request.ts';

/** Blocks of one simulation, those in gaps included. */
const BLOCKS_MAX = 256;
/** Calls of one block. */
const CALLS_MAX = 10_000;
/** Seconds between two blocks of which nobody says when they are. */
const BLOCK_SECONDS = 12n;

/** A block as it is asked for. */
interface AskedBlock {
  readonly blockOverrides: BlockOverrides | undefined;
  readonly stateOverrides: StateOverrides | undefined;
  readonly calls: readonly CallRequest[];
}

const readBlock: Read<AskedBlock> = objectOf({
  blockOverrides: optional(readBlockOverrides),
  stateOverrides: optional(readStateOverrides),
  calls: withDefault(listOf(readCallRequest, CALLS_MAX), []),
});

export interface SimulationRequest {
  readonly blockStateCalls: readonly AskedBlock[];
  readonly traceTransfers: boolean;
  readonly validation: boolean;
  readonly returnFullTransactions: boolean;
}

const readFields = objectOf({
  blockStateCalls: withDefault(listOf(readBlock), []),
  traceTransfers: withDefault(readBoolean, false),
  validation: withDefault(readBoolean, false),
  returnFullTransactions: withDefault(readBoolean, false),
});

export const readSimulation: Read<SimulationRequest> = (value, path) => {
  const request = readFields(value, path);
  const { length } = request.blockStateCalls;
  if (length === 0) throw invalidParams('empty input');
  if (length > BLOCKS_MAX) throw tooManyBlocks();
  return request;
};

/** A block to be simulated, whose place is known. */
export interface SimulatedPlace {
  readonly number: bigint;
  readonly timestamp: bigint;
  readonly overrides: Partial<BlockOverrides>;
  readonly withdrawals: readonly Withdrawal[];
  readonly stateOverrides: StateOverrides;
  readonly calls: readonly CallRequest[];
}

const readWithdrawal: Read<Withdrawal> = objectOf({
  index: readU64,
  validatorIndex: readU64,
  address: readAddress,
  amount: readU64,
});

/** The blocks in their order, gaps filled. @throws RpcError where they are not in order */
export function placesOf(
  blocks: readonly AskedBlock[],
  base: Pick<BlockHeader, 'number' | 'timestamp'>,
): SimulatedPlace[] {
  const places: SimulatedPlace[] = [];
  let last: Pick<BlockHeader, 'number' | 'timestamp'> = base;
  for (const { blockOverrides: overrides = {} as Partial<BlockOverrides>, ...asked } of blocks) {
    const number = overrides.number ?? last.number + 1n;
    if (number <= last.number) {
      const message = `block numbers must be in order: ${number} <= ${last.number}`;
      throw new RpcError('block numbers out of order', message);
    }
    if (number - base.number > BLOCKS_MAX) throw tooManyBlocks();
    while (last.number + 1n < number) {
      const place = { number: last.number + 1n, timestamp: last.timestamp + BLOCK_SECONDS };
      places.push({ ...place, overrides: {}, withdrawals: [], stateOverrides: {}, calls: [] });
      last = place;
    }
    const timestamp = overrides.time ?? last.timestamp + BLOCK_SECONDS;
    if (timestamp <= last.timestamp) {
      const message = `block timestamps must be in order: ${timestamp} <= ${last.timestamp}`;
      throw new RpcError('block timestamps out of order', message);
    }
    last = { number, timestamp };
    const { stateOverrides = {}, calls } = asked;
    const withdrawals = (overrides.withdrawals ?? []).map((each) =>
      readWithdrawal(each, 'withdrawals'),
    );
    places.push({ ...last, overrides, withdrawals, stateOverrides, calls });
  }
  return places;
}

function tooManyBlocks(): RpcError {
  return new RpcError('too many blocks', 'too many blocks');
}
