/**
 * `testing_buildBlockV1`: a block upon another from the transactions that are given, all of them,
 * or from the pool; nothing of it is kept.
 */

import type { BlockRequest, BuiltBlock, RefusedTransaction } from '../../chain/block-builder.ts';
import type { KnownBlock } from '../../chain/block-tree.ts';
import { blockEnvironment } from '../../chain/executor/sequential.ts';
import { acceptTransaction } from '../../chain/transactions/check.ts';
import { intrinsicGas } from '../../chain/transactions/intrinsic-gas.ts';
import type { RefusalReason } from '../../evm/types.ts';
import { payloadJson } from '../engine/payload.ts';
import { readAttributes } from '../engine/payload-attributes.ts';
import { refusalText } from '../execution/call-failure.ts';
import { tipOf } from '../ledger/fee-samples.ts';
import type { Node } from '../node.ts';
import { RpcError } from '../rpc/errors.ts';
import { type MethodTable, method } from '../rpc/method.ts';
import { dataHex, listOf, optional, quantity, readData, readHash } from '../rpc/values.ts';

const TRANSACTIONS_MAX = 10_000;
/** Towards which the gas limit goes where nobody says one. */
const GAS_LIMIT_TARGET = 60_000_000n;
/** A gas limit differs from its parent's by less than this part of it. */
const GAS_LIMIT_DIVISOR = 1_024n;

export const testingMethods: MethodTable<Node> = {
  testing_buildBlockV1: method(
    [readHash, readAttributes, optional(listOf(readData, TRANSACTIONS_MAX)), optional(readData)],
    async (node: Node, [parentHash, attributes, given, extraData]) => {
      const parent = node.ledger.chain.known(parentHash);
      if (parent === undefined) throw new RpcError('server error', `unknown block ${parentHash}`);
      const { withdrawals, parentBeaconBlockRoot, prevRandao } = attributes;
      const request: BlockRequest = {
        timestamp: attributes.timestamp,
        coinbase: attributes.suggestedFeeRecipient,
        prevRandao,
        gasLimit: gasLimitAfter(parent),
        transactions: given ?? node.pool.ready().map(({ bytes }) => bytes),
        ...(extraData === undefined ? {} : { extraData: dataHex(extraData) }),
        ...(withdrawals === undefined ? {} : { withdrawals }),
        ...(parentBeaconBlockRoot === undefined ? {} : { parentBeaconBlockRoot }),
      };
      const built = await build(node, request, parent);
      const [refused] = built.refused;
      if (given !== undefined && refused !== undefined) {
        throw await refusal(node, parent, refused, built.block);
      }
      return payload(built);
    },
  ),
};

async function build(node: Node, request: BlockRequest, parent: KnownBlock): Promise<BuiltBlock> {
  const { timestamp } = parent.header;
  if (request.timestamp <= timestamp) {
    const message = `invalid timestamp, parent ${timestamp} given ${request.timestamp}`;
    throw new RpcError('server error', message);
  }
  return node.ledger.chain.buildBlock(request, parent.hash);
}

function gasLimitAfter({ header: { gasLimit } }: KnownBlock): bigint {
  const step = gasLimit / GAS_LIMIT_DIVISOR - 1n;
  if (gasLimit < GAS_LIMIT_TARGET) {
    return gasLimit + step < GAS_LIMIT_TARGET ? gasLimit + step : GAS_LIMIT_TARGET;
  }
  return gasLimit - step > GAS_LIMIT_TARGET ? gasLimit - step : GAS_LIMIT_TARGET;
}

/** Why a transaction that was given is not in the block, in the words that calls have for it. */
async function refusal(
  { ledger }: Node,
  parent: KnownBlock,
  { bytes, error }: RefusedTransaction,
  block: BuiltBlock['block'],
): Promise<RpcError> {
  const blockRules = ledger.rulesAfter(parent, block.header);
  const { rules } = blockRules;
  const accepted = acceptTransaction(bytes, { chainId: ledger.chainId, rules });
  if (!accepted.ok) return new RpcError('server error', accepted.message);
  const view = await ledger.openView(parent.hash);
  try {
    const { transaction, signed } = accepted;
    const text = refusalText(error.details['reason'] as RefusalReason, {
      transaction,
      environment: blockEnvironment(block.header, blockRules),
      sender: await view.getAccount(transaction.sender),
      intrinsic: intrinsicGas(signed, rules),
    });
    return new RpcError('server error', text);
  } finally {
    view.close();
  }
}

function payload({ block, receipts, requests }: BuiltBlock): object {
  const baseFee = block.header.baseFeePerGas ?? 0n;
  const value = block.transactions.reduce(
    (sum, bytes, index) => sum + tipOf(bytes, baseFee) * (receipts[index]?.gasUsed ?? 0n),
    0n,
  );
  return {
    executionPayload: payloadJson(block),
    blockValue: quantity(value),
    blobsBundle: { commitments: [], proofs: [], blobs: [] },
    executionRequests: requests.map(dataHex),
    shouldOverrideBuilder: false,
  };
}
