/** Reads files of official blockchain tests. */

import type { BlockAccessList } from '../../chain/blocks/access-list.ts';
import type { ChainSpec } from '../../chain/chain-spec.ts';
import type { BlobSchedule } from '../../evm/forks/blob.ts';
import type { Address, Hash } from '../../evm/types.ts';
import type { AccountInput } from '../../state/memory.ts';
import {
  accountsAt,
  bytes,
  FixtureError,
  hash,
  type JsonObject,
  list,
  object,
  quantity,
  testsIn,
  text,
} from '../fixture-json.ts';
import { accessListAt } from './access-list.ts';
import { type BlobSchedules, networkSpec } from './networks.ts';

export interface BlockTest {
  readonly name: string;
  readonly network: string;
  readonly spec: ChainSpec;
  /** RLP of the genesis block. */
  readonly genesis: Uint8Array;
  readonly pre: readonly (readonly [Address, AccountInput])[];
  readonly blocks: readonly TestBlock[];
  readonly lastBlockHash: Hash;
  /** Undefined where the test gives the root only. */
  readonly post: readonly (readonly [Address, AccountInput])[] | undefined;
  readonly postRoot: Hash | undefined;
}

export interface TestBlock {
  readonly rlp: Uint8Array;
  /** Why it must be refused; undefined for a valid block. */
  readonly exception: string | undefined;
  /** Of a valid block, where the test gives it. */
  readonly accessList: BlockAccessList | undefined;
}

/** The tests of a file. @throws FixtureError naming the place of what is not as it should be */
export function* parseBlockTests(source: string): Generator<BlockTest> {
  for (const [name, test] of testsIn(source)) yield readTest(name, test);
}

function readTest(name: string, test: JsonObject): BlockTest {
  const network = text(test['network'], `${name}.network`);
  const config = test['config'] === undefined ? {} : object(test['config'], `${name}.config`);
  const id = config['chainid'];
  const chainId = id === undefined ? 1n : quantity(id, `${name}.config.chainid`);
  const schedules = blobSchedules(config['blobSchedule'], `${name}.config.blobSchedule`);
  const spec = networkSpec(network, chainId, schedules);
  if (spec === undefined) throw new FixtureError(`${name}.network`, `is the unknown ${network}`);
  const post = test['postState'];
  const postHash = test['postStateHash'];
  return {
    name,
    network,
    spec,
    genesis: bytes(test['genesisRLP'], `${name}.genesisRLP`),
    pre: accountsAt(test['pre'], `${name}.pre`),
    blocks: list(test['blocks'], `${name}.blocks`, readBlock),
    lastBlockHash: hash(test['lastblockhash'], `${name}.lastblockhash`),
    post: post === undefined ? undefined : accountsAt(post, `${name}.postState`),
    postRoot: postHash === undefined ? undefined : hash(postHash, `${name}.postStateHash`),
  };
}

function readBlock(value: unknown, at: string): TestBlock {
  const block = object(value, at);
  const exception = block['expectException'];
  const accessList = block['blockAccessList'];
  return {
    rlp: bytes(block['rlp'], `${at}.rlp`),
    exception: exception === undefined ? undefined : text(exception, `${at}.expectException`),
    accessList:
      accessList === undefined ? undefined : accessListAt(accessList, `${at}.blockAccessList`),
  };
}

function blobSchedules(value: unknown, at: string): BlobSchedules {
  const schedules = new Map<string, BlobSchedule>();
  if (value === undefined) return schedules;
  for (const [fork, entry] of Object.entries(object(value, at))) {
    const place = `${at}.${fork}`;
    const { target, max, baseFeeUpdateFraction } = object(entry, place);
    schedules.set(fork, {
      target: Number(quantity(target, `${place}.target`)),
      max: Number(quantity(max, `${place}.max`)),
      baseFeeUpdateFraction: quantity(baseFeeUpdateFraction, `${place}.baseFeeUpdateFraction`),
    });
  }
  return schedules;
}
