/** One hash for all logs of a transaction, as state tests compare it. */

import { keccak256 } from '../base/keccak.ts';
import { encodeRlp } from '../base/rlp.ts';
import type { Hash, Log } from '../evm/types.ts';

/** Keccak-256 of the RLP list of the logs, each `[address, [topic...], data]`. */
export function logsHash(logs: readonly Log[]): Hash {
  const items = logs.map(({ address, topics, data }) => [
    Uint8Array.fromHex(address.slice(2)),
    topics.map((topic) => Uint8Array.fromHex(topic.slice(2))),
    data,
  ]);
  return `0x${keccak256(encodeRlp(items)).toHex()}`;
}
