/**
 * The `engine_` methods, by the specification's names: versions 1 to the newest of Osaka.
 *
 * Specification: execution-apis, `src/engine`; each fork's document changes what came before.
 */

import { decodeTransaction } from '../../chain/transactions/decode.ts';
import type { Hash, Hex } from '../../evm/types.ts';
import { invalidParams, RpcError } from '../rpc/errors.ts';
import { type Method, type MethodTable, method } from '../rpc/method.ts';
import {
  dataHex,
  listOf,
  objectOf,
  optional,
  quantity,
  type Read,
  readData,
  readHash,
  readString,
  readU64,
  readWord,
} from '../rpc/values.ts';
import { blobAndCellProofsJson, blobAndProofJson, bundleJson, type ProvenBlob } from './blobs.ts';
import { invalidStatus, type PayloadStatus, ZERO_HASH } from './consensus.ts';
import type { EngineNode } from './engine.ts';
import {
  blockOfPayload,
  bodyJson,
  type ExecutionPayload,
  type PayloadSides,
  payloadJson,
  readPayload,
} from './payload.ts';
import { type AttributesVersion, payloadId, requireAttributes } from './payload-attributes.ts';
import type { BuiltPayload } from './payload-build.ts';
import type { ForkSpan } from './payload-forks.ts';

const BODIES_MAX = 1_024;
/** Of all bodies of an answer. */
const BODY_BYTES_MAX = 64 << 20;
const BLOBS_MAX = 128;
const CAPABILITIES_MAX = 1_000;
const PAYLOAD_ID_BYTES = 8;

const readForkchoice = objectOf({
  headBlockHash: readHash,
  safeBlockHash: readHash,
  finalizedBlockHash: readHash,
});

const readPayloadId: Read<Hex> = (value, path) => {
  const bytes = readData(value, path);
  if (bytes.length === PAYLOAD_ID_BYTES) return dataHex(bytes);
  throw invalidParams(`invalid argument ${path}: a payload id has 8 bytes, not ${bytes.length}`);
};

/** EIP-7685: types rise, and each has data. */
const readRequests: Read<readonly Uint8Array[]> = (value, path) => {
  const requests = listOf(readData)(value, path);
  let last = -1;
  for (const [index, request] of requests.entries()) {
    const [type = -1] = request;
    if (request.length <= 1 || type <= last) {
      throw invalidParams(`invalid argument ${path}[${index}]: requests have data, and types rise`);
    }
    last = type;
  }
  return requests;
};

const readClientVersion = objectOf({
  code: readString,
  name: readString,
  version: readString,
  commit: readString,
});

/** The forks of `engine_newPayload` and `engine_getPayload`, by version. */
const PAYLOAD_SPANS = {
  newPayloadV2: { from: 'paris', before: 'cancun' },
  newPayloadV3: { from: 'cancun', before: 'prague' },
  newPayloadV4: { from: 'prague', before: 'amsterdam' },
  getPayloadV1: { from: 'paris', before: 'shanghai' },
  getPayloadV2: { from: 'paris', before: 'cancun' },
  getPayloadV3: { from: 'cancun', before: 'prague' },
  getPayloadV4: { from: 'prague', before: 'osaka' },
  getPayloadV5: { from: 'osaka', before: 'amsterdam' },
} as const satisfies Readonly<Record<string, ForkSpan>>;

type SpannedName = keyof typeof PAYLOAD_SPANS;

function requireSpan(
  { engine }: EngineNode,
  name: SpannedName,
  place: {
    readonly number: bigint;
    readonly timestamp: bigint;
  },
): void {
  engine.forks.require(place, PAYLOAD_SPANS[name], `engine_${name}`);
}

function placeOf({ blockNumber, timestamp }: ExecutionPayload): {
  readonly number: bigint;
  readonly timestamp: bigint;
} {
  return { number: blockNumber, timestamp };
}

interface Expected {
  readonly sides?: PayloadSides;
  readonly versionedHashes?: readonly Hash[];
  /** Paris has a status of its own for a hash that is not the block's. */
  readonly hashStatus?: 'INVALID_BLOCK_HASH' | 'INVALID';
}

/** What can be said of a payload without its parent, then its execution. */
async function newPayload(
  { engine }: EngineNode,
  payload: ExecutionPayload,
  { sides = {}, versionedHashes, hashStatus = 'INVALID' }: Expected,
): Promise<PayloadStatus> {
  const invalid = (message: string): PayloadStatus =>
    invalidStatus({ latestValidHash: undefined, message });
  const hashes: Hash[] = [];
  for (const [index, bytes] of payload.transactions.entries()) {
    const decoded = decodeTransaction(bytes);
    if (!decoded.ok) return invalid(`transaction ${index}: ${decoded.fault}: ${decoded.message}`);
    hashes.push(...decoded.transaction.blobVersionedHashes);
  }
  if (versionedHashes !== undefined && hashes.join() !== versionedHashes.join()) {
    return invalid('the blob versioned hashes are not those of the transactions');
  }
  const block = blockOfPayload(payload, sides);
  if (block.hash !== payload.blockHash) {
    const message = `blockhash mismatch: the fields have ${block.hash}, not ${payload.blockHash}`;
    return { ...invalid(message), status: hashStatus };
  }
  return engine.consensus.newPayload(block);
}

/** @throws RpcError -32602 unless the payload has the fields of Cancun */
function requireV3({ withdrawals, blobGasUsed, excessBlobGas }: ExecutionPayload): void {
  const fields = { withdrawals, blobGasUsed, excessBlobGas };
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) throw invalidParams(`invalid argument 0: ${name} is missing`);
  }
}

function requireNo(payload: ExecutionPayload, names: readonly (keyof ExecutionPayload)[]): void {
  const there = names.find((name) => payload[name] !== undefined);
  if (there !== undefined) throw invalidParams(`invalid argument 0: ${there} is of a later fork`);
}

const newPayloads: MethodTable<EngineNode> = {
  engine_newPayloadV1: method([readPayload], (node: EngineNode, [payload]) => {
    requireNo(payload, ['withdrawals', 'blobGasUsed', 'excessBlobGas']);
    return newPayload(node, payload, { hashStatus: 'INVALID_BLOCK_HASH' });
  }),
  engine_newPayloadV2: method([readPayload], (node: EngineNode, [payload]) => {
    requireSpan(node, 'newPayloadV2', placeOf(payload));
    requireNo(payload, ['blobGasUsed', 'excessBlobGas']);
    const hasWithdrawals = payload.withdrawals !== undefined;
    if (hasWithdrawals !== node.engine.forks.rulesAt(placeOf(payload)).is('shanghai')) {
      throw invalidParams('invalid argument 0: withdrawals belong to Shanghai and later');
    }
    return newPayload(node, payload, {});
  }),
  engine_newPayloadV3: method(
    [readPayload, listOf(readHash), readHash],
    (node: EngineNode, [payload, versionedHashes, parentBeaconBlockRoot]) => {
      requireV3(payload);
      requireSpan(node, 'newPayloadV3', placeOf(payload));
      return newPayload(node, payload, { versionedHashes, sides: { parentBeaconBlockRoot } });
    },
  ),
  engine_newPayloadV4: method(
    [readPayload, listOf(readHash), readHash, readRequests],
    (node: EngineNode, [payload, versionedHashes, parentBeaconBlockRoot, requests]) => {
      requireV3(payload);
      requireSpan(node, 'newPayloadV4', placeOf(payload));
      const sides = { parentBeaconBlockRoot, requests };
      return newPayload(node, payload, { versionedHashes, sides });
    },
  ),
};

function forkchoiceUpdated(version: AttributesVersion): Method<EngineNode> {
  return method(
    [readForkchoice, optional((value) => value)],
    async ({ engine }: EngineNode, [state, attributes]) => {
      const { payloadStatus, head } = await engine.consensus.forkchoice(state);
      if (head === undefined || attributes === undefined) return { payloadStatus, payloadId: null };
      const read = requireAttributes(attributes, version, head.header, engine.forks);
      const id = payloadId(head.hash, read, version);
      engine.builds.begin(id, head, read);
      return { payloadStatus, payloadId: id };
    },
  );
}

type GetPayloadName = Extract<SpannedName, `getPayload${string}`>;

const PAYLOAD_ANSWERS: Readonly<Record<GetPayloadName, (built: BuiltPayload) => object>> = {
  getPayloadV1: ({ block }) => payloadJson(block),
  getPayloadV2: valued,
  getPayloadV3: bundled,
  getPayloadV4: withRequests,
  getPayloadV5: withRequests,
};

function valued({ block, value }: BuiltPayload): object {
  return { executionPayload: payloadJson(block), blockValue: quantity(value) };
}

function bundled(built: BuiltPayload): object {
  return { ...valued(built), blobsBundle: bundleJson(built.blobs), shouldOverrideBuilder: false };
}

function withRequests(built: BuiltPayload): object {
  return { ...bundled(built), executionRequests: built.requests.map(dataHex) };
}

function getPayload(name: GetPayloadName): Method<EngineNode> {
  return method([readPayloadId], async (node: EngineNode, [id]) => {
    const build = node.engine.builds.get(id);
    if (build === undefined) {
      throw new RpcError('unknown payload', `Unknown payload: there is none with the id ${id}`);
    }
    const { parent, attributes } = build;
    const number = parent.header.number + 1n;
    requireSpan(node, name, { number, timestamp: attributes.timestamp });
    return PAYLOAD_ANSWERS[name](await build.fetch());
  });
}

const payloads: MethodTable<EngineNode> = {
  engine_forkchoiceUpdatedV1: forkchoiceUpdated(1),
  engine_forkchoiceUpdatedV2: forkchoiceUpdated(2),
  engine_forkchoiceUpdatedV3: forkchoiceUpdated(3),
  engine_getPayloadV1: getPayload('getPayloadV1'),
  engine_getPayloadV2: getPayload('getPayloadV2'),
  engine_getPayloadV3: getPayload('getPayloadV3'),
  engine_getPayloadV4: getPayload('getPayloadV4'),
  engine_getPayloadV5: getPayload('getPayloadV5'),
};

function requireAtMost(count: number | bigint, most: number, what: string): void {
  if (count <= most) return;
  throw new RpcError('too large request', `Too large request: ${count} ${what}, at most ${most}`);
}

/** The bodies of blocks, as long as they are not too large together. */
class Bodies {
  readonly answers: (object | null)[] = [];
  #bytes = 0;

  add(block: Parameters<typeof bodyJson>[0] | undefined): void {
    this.#bytes += block?.transactions.reduce((sum, { length }) => sum + length, 0) ?? 0;
    if (this.#bytes > BODY_BYTES_MAX) {
      throw new RpcError('too large request', 'Too large request: the bodies are over 64 MiB');
    }
    this.answers.push(block === undefined ? null : bodyJson(block));
  }
}

const bodies: MethodTable<EngineNode> = {
  engine_getPayloadBodiesByHashV1: method(
    [listOf(readHash)],
    async ({ ledger }: EngineNode, [hashes]) => {
      requireAtMost(hashes.length, BODIES_MAX, 'bodies');
      const found = new Bodies();
      for (const hash of hashes) found.add(await ledger.blockByHash(hash));
      return found.answers;
    },
  ),
  engine_getPayloadBodiesByRangeV1: method(
    [readU64, readU64],
    async ({ ledger }: EngineNode, [start, count]) => {
      if (start < 1n || count < 1n) throw invalidParams('start and count are at least 1');
      requireAtMost(count, BODIES_MAX, 'bodies');
      const found = new Bodies();
      for (let number = start; number < start + count; number++) {
        if (number > ledger.head.header.number) break;
        found.add(await ledger.blockByNumber(number));
      }
      return found.answers;
    },
  ),
};

function blobsOf({ engine }: EngineNode, hashes: readonly Hash[]): (ProvenBlob | undefined)[] {
  requireAtMost(hashes.length, BLOBS_MAX, 'blobs');
  return hashes.map((hash) => engine.blobs.byVersionedHash(hash));
}

const blobs: MethodTable<EngineNode> = {
  engine_getBlobsV1: method([listOf(readHash)], (node: EngineNode, [hashes]) => {
    const { number, timestamp } = node.ledger.head.header;
    if (node.engine.forks.rulesAt({ number, timestamp }).is('osaka')) {
      throw new RpcError('unsupported fork', 'Unsupported fork: engine_getBlobsV1 ends with Osaka');
    }
    return blobsOf(node, hashes).map(blobAndProofJson);
  }),
  engine_getBlobsV2: method([listOf(readHash)], (node: EngineNode, [hashes]) => {
    const found = blobsOf(node, hashes).map(blobAndCellProofsJson);
    return found.includes(null) ? null : found;
  }),
  engine_getBlobsV3: method([listOf(readHash)], (node: EngineNode, [hashes]) =>
    blobsOf(node, hashes).map(blobAndCellProofsJson),
  ),
};

const readTransition = objectOf({
  terminalTotalDifficulty: readWord,
  terminalBlockHash: readHash,
  terminalBlockNumber: readU64,
});

const EXCHANGE_CAPABILITIES = 'engine_exchangeCapabilities';

const identities: MethodTable<EngineNode> = {
  [EXCHANGE_CAPABILITIES]: method([listOf(readString, CAPABILITIES_MAX)], () =>
    Object.keys(engineMethods).filter((name) => name !== EXCHANGE_CAPABILITIES),
  ),
  engine_getClientVersionV1: method([readClientVersion], ({ engine }: EngineNode) => [
    engine.version,
  ]),
  engine_exchangeTransitionConfigurationV1: method([readTransition], ({ engine }: EngineNode) => ({
    terminalTotalDifficulty: quantity(engine.consensus.terminalTotalDifficulty),
    terminalBlockHash: ZERO_HASH,
    terminalBlockNumber: quantity(0),
  })),
};

export const engineMethods: MethodTable<EngineNode> = {
  ...identities,
  ...newPayloads,
  ...payloads,
  ...bodies,
  ...blobs,
};
