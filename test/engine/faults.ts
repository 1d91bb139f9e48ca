/** What goes wrong between a consensus client and a node, and what must come of it; one by one. */

import { join } from 'node:path';
import { packageCommit } from '../../src/cli/package-version.ts';
import type { Hash } from '../../src/evm/types.ts';
import { blockOfPayload, readPayload } from '../../src/node/engine/payload.ts';
import { makeToken } from '../../src/node/server/bearer-token.ts';
import { hex, must, type Payload, type Proposal, rootOf, type Status } from './beacon.ts';
import { ACCOUNTS, type DevnetFork } from './devnet-genesis.ts';
import { NodeProcess, type RpcAnswer, RpcClient } from './node-process.ts';
import type { Devnet } from './running-devnet.ts';
import { blobs, transfer, ZERO_BLOB } from './transactions.ts';

export interface Fault {
  readonly name: string;
  /** Which fork must hold; Paris when left out. */
  readonly since?: DevnetFork;
  readonly run: (devnet: Devnet) => Promise<void>;
}

const UNKNOWN = rootOf('a block that nobody has');
const WITHDRAWAL_CONTRACT = '0x00000961ef480eb55e80d19ad83579a64c007002';

function mustFail({ error }: RpcAnswer, code: number, what: string): void {
  must(error?.code === code, `${code} for ${what}`, error ?? 'a result');
}

/** A payload whose fields are others, with the hash that these have. */
function forged(
  { payload, parentBeaconBlockRoot, requests, fork }: Proposal,
  changed: object,
): Payload {
  const given = readPayload({ ...payload, ...changed }, 'payload');
  const sides = {
    ...(fork === 'paris' || fork === 'shanghai' ? {} : { parentBeaconBlockRoot }),
    ...(fork === 'prague' || fork === 'osaka'
      ? { requests: requests.map((each) => Uint8Array.fromHex(each.slice(2))) }
      : {}),
  };
  return { ...payload, ...changed, blockHash: blockOfPayload(given, sides).hash };
}

async function greetings({ beacon }: Devnet): Promise<void> {
  const { engine } = beacon;
  const names = await engine.call<string[]>('engine_exchangeCapabilities', ['engine_newPayloadV4']);
  must(names.includes('engine_getPayloadV5'), 'getPayloadV5 among the methods', names);
  must(!names.includes('engine_exchangeCapabilities'), 'no word of the exchange itself', names);
  const us = { code: 'LS', name: 'driver', version: 'v1', commit: '0x01020304' };
  const answer = engine.call<{ name: string; commit: string }[]>('engine_getClientVersionV1', us);
  const [version] = await answer;
  must(version?.name === 'Ironfly', 'who it is', version);
  must(version.commit === packageCommit(), 'of which commit it is', version);
  const given = { terminalTotalDifficulty: '0x0', terminalBlockHash: rootOf('') };
  const transition = await engine.call<{ terminalTotalDifficulty: string }>(
    'engine_exchangeTransitionConfigurationV1',
    { ...given, terminalBlockNumber: '0x0' },
  );
  must(transition.terminalTotalDifficulty === '0x0', 'the merge’s difficulty', transition);
}

async function wrongTokens({ node, secret, beacon }: Devnet): Promise<void> {
  const stale = makeToken(secret, { iat: Math.floor(Date.now() / 1000) - 120 });
  const none = `${btoa('{"alg":"none"}')}.${btoa(`{"iat":${Math.floor(Date.now() / 1000)}}`)}.`;
  const headers = [undefined, makeToken(new Uint8Array(32).fill(7)), stale, none, 'x', ''];
  for (const token of headers) {
    const header = token === undefined ? undefined : () => `Bearer ${token}`;
    const stranger = new RpcClient(node.url('engine'), header);
    const { status } = await stranger.ask('engine_exchangeCapabilities', []);
    must(status === 401, `401 for the token ${token?.slice(0, 20)}`, status);
  }
  const open = await new RpcClient(node.url('http')).ask('engine_exchangeCapabilities', []);
  mustFail(open, -32601, 'the Engine API where no secret is asked for');
  const known = await beacon.engine.ask('eth_chainId');
  must(known.result !== undefined, 'the right token to be taken', known);
}

async function repeatedCalls({ beacon }: Devnet): Promise<void> {
  const attributes = beacon.attributes(beacon.slot + 1);
  const fork = beacon.forkOf(beacon.slot + 1);
  const [first, second] = await Promise.all([
    beacon.forkchoice(beacon.state(), attributes, fork),
    beacon.forkchoice(beacon.state(), attributes, fork),
  ]);
  must(first.payloadId !== null && first.payloadId === second.payloadId, 'one id', [first, second]);
  const other = await beacon.forkchoice(
    beacon.state(),
    beacon.attributes(beacon.slot + 1, '2'),
    fork,
  );
  must(other.payloadId !== first.payloadId, 'another id for another block', other);
  const proposal = await beacon.propose(beacon.slot + 1);
  const again = await beacon.propose(beacon.slot + 1);
  must(again.payload.blockHash === proposal.payload.blockHash, 'the same payload', again.payload);
  const sent = await Promise.all([1, 2, 3].map(() => beacon.send(proposal)));
  must(
    sent.every(({ status }) => status === 'VALID'),
    'VALID each time',
    sent,
  );
  await beacon.choose(proposal);
  await beacon.choose(proposal);
  const late = beacon.branch.get(1);
  const old = late === undefined ? undefined : beacon.proposals.get(late);
  if (old === undefined) return;
  const status = await beacon.send(old);
  must(status.status === 'VALID', 'an old block to be VALID still', status);
}

async function unknownHead(devnet: Devnet): Promise<void> {
  const { beacon } = devnet;
  const answer = await beacon.forkchoice(beacon.state(UNKNOWN), beacon.attributes(beacon.slot + 1));
  must(answer.payloadStatus.status === 'SYNCING', 'SYNCING for an unknown head', answer);
  must(answer.payloadId === null, 'nothing to be built', answer);
  const { hash } = await devnet.block('latest');
  must(hash === beacon.head, 'the head to stay', hash);
}

async function wrongHash({ beacon }: Devnet): Promise<void> {
  const proposal = await beacon.propose(beacon.slot + 1, { salt: 'wrong hash' });
  const status = await beacon.send(proposal, { blockHash: UNKNOWN });
  const expected = proposal.fork === 'paris' ? 'INVALID_BLOCK_HASH' : 'INVALID';
  must(status.status === expected, expected, status);
  must(status.latestValidHash === null, 'no valid hash', status);
}

async function invalidBlock({ beacon }: Devnet): Promise<void> {
  const slot = beacon.slot + 1;
  const good = await beacon.propose(slot);
  const bad = forged(good, { stateRoot: rootOf('a state') });
  const timestamp = hex(beacon.timestampOf(slot + 1));
  const blockNumber = hex(BigInt(good.payload.blockNumber) + 1n);
  const orphan = forged(good, { parentHash: bad.blockHash, timestamp, blockNumber });
  const early = await beacon.send({ ...good, payload: orphan });
  must(early.status === 'SYNCING', 'SYNCING for a child without its parent', early);
  const expectInvalid = (status: Status, what: string) => {
    must(status.status === 'INVALID', `INVALID for ${what}`, status);
    must(status.latestValidHash === good.payload.parentHash, 'its last valid ancestor', status);
  };
  expectInvalid(await beacon.send({ ...good, payload: bad }), 'a wrong state root');
  expectInvalid(await beacon.send({ ...good, payload: bad }), 'the same once more');
  expectInvalid(await beacon.send({ ...good, payload: orphan }), 'its child');
  const state = beacon.state(bad.blockHash);
  expectInvalid((await beacon.forkchoice(state, null)).payloadStatus, 'it as the head');
  // Each thing that follows from what the block executes, wrong by itself.
  const bloom = `0x${'80'.padEnd(512, '0')}`;
  const gasUsed = hex(BigInt(String(good.payload.gasUsed)) + 1n);
  for (const changed of [{ receiptsRoot: rootOf('receipts') }, { logsBloom: bloom }, { gasUsed }])
    expectInvalid(
      await beacon.send({ ...good, payload: forged(good, changed) }),
      `a wrong ${Object.keys(changed)}`,
    );
  const status = await beacon.send(good);
  must(status.status === 'VALID', 'the true block to be VALID', status);
  await beacon.choose(good);
}

async function wrongArguments({ beacon }: Devnet): Promise<void> {
  const { engine } = beacon;
  const [state, attributes] = [beacon.state(), beacon.attributes(beacon.slot + 1)];
  const early = { ...attributes, timestamp: hex(beacon.timestampOf(beacon.slot)) };
  const version = { paris: 1, shanghai: 2, cancun: 3, prague: 3, osaka: 3 };
  const fork = beacon.forkOf(beacon.slot);
  const forkchoice = `engine_forkchoiceUpdatedV${version[fork]}`;
  mustFail(await engine.ask(forkchoice, state, early), -38003, 'a time that is not later');
  mustFail(await engine.ask(forkchoice, state, { timestamp: 'x' }), -38003, 'no attributes');
  mustFail(await engine.ask(forkchoice, { headBlockHash: '0x1' }, null), -32602, 'no state');
  mustFail(await engine.ask('engine_getPayloadV1', '0x0102030405060708'), -38001, 'no payload');
  mustFail(await engine.ask('engine_getPayloadV1', '0x01'), -32602, 'no id');
  const unknown = [
    { ...state, safeBlockHash: UNKNOWN },
    { ...state, finalizedBlockHash: UNKNOWN },
  ];
  for (const each of unknown) {
    mustFail(await engine.ask(forkchoice, each, null), -38002, 'a block of no branch');
  }
  const many = new Array<Hash>(2_000).fill(UNKNOWN);
  mustFail(await engine.ask('engine_getPayloadBodiesByHashV1', many), -38004, 'many bodies');
  mustFail(await engine.ask('engine_getPayloadBodiesByRangeV1', '0x0', '0x1'), -32602, 'block 0');
  mustFail(await engine.ask('engine_getBlobsV2', many), -38004, 'many blobs');
  mustFail(await engine.ask('engine_newPayloadV4', {}, [], UNKNOWN, []), -32602, 'an empty object');
  const proposal = await beacon.propose(beacon.slot + 1, { salt: 'wrong arguments' });
  if (proposal.fork === 'paris') return;
  const wrong = proposal.fork === 'shanghai' ? 'engine_getPayloadV3' : 'engine_getPayloadV2';
  const begun = await beacon.forkchoice(
    state,
    beacon.attributes(beacon.slot + 1, 'wrong arguments'),
    proposal.fork,
  );
  mustFail(await engine.ask(wrong, begun.payloadId), -38005, 'a payload of another fork');
}

async function reorganisation(devnet: Devnet): Promise<void> {
  const { beacon, rpc } = devnet;
  const [parent, slot] = [beacon.head, beacon.slot];
  const paid = await devnet.pay();
  const left = await beacon.nextSlot();
  must(left.payload.transactions.length === 1, 'the transaction on the left', left.payload);
  // The right branch is of two blocks, the first of them empty-handed: it stands where left does.
  const right = await beacon.propose(slot + 2, { parent, salt: 'right' });
  const status = await beacon.send(right);
  must(status.status === 'VALID', 'the right branch to be VALID', status);
  // To build upon an ancestor is to choose it.
  must((await devnet.block('latest')).hash === parent, 'the parent as the head meanwhile');
  await beacon.choose(right);
  must((await devnet.block('latest')).hash === right.payload.blockHash, 'the right head');
  const isIn = async () => {
    const found = await rpc.call<{ blockHash: Hash | null } | null>(
      'eth_getTransactionByHash',
      paid,
    );
    return found?.blockHash ?? null;
  };
  const where = await isIn();
  const isRight = right.payload.transactions.length === 1;
  must(where === (isRight ? right.payload.blockHash : null), 'the transaction to go along', where);
  await beacon.choose(left);
  must((await isIn()) === left.payload.blockHash, 'the transaction back on the left');
  await beacon.choose(right);
  if (!isRight) await beacon.nextSlot();
  must((await isIn()) !== left.payload.blockHash, 'the transaction on the right');
}

async function headSetBack(devnet: Devnet): Promise<void> {
  const { beacon } = devnet;
  const child = await beacon.nextSlot();
  const parent = child.payload.parentHash;
  const back = await beacon.forkchoice(beacon.state(parent), null);
  must(back.payloadStatus.status === 'VALID', 'an ancestor to be VALID', back);
  must((await devnet.block('latest')).hash === parent, 'the head to be the ancestor');
  await beacon.choose(child);
  const first = beacon.branch.get(1);
  if (first === undefined || beacon.finalized === beacon.genesisHash) return;
  const old = await beacon.forkchoice(beacon.state(beacon.genesisHash), beacon.attributes(99));
  must(old.payloadStatus.status === 'VALID', 'what is final to be VALID', old);
  must(old.payloadId === null, 'nothing to be built there', old);
  must((await devnet.block('latest')).hash === beacon.head, 'the head to stay');
}

async function gracefulRestart(devnet: Devnet): Promise<void> {
  const { beacon } = devnet;
  const before = await Promise.all(['latest', 'finalized'].map((tag) => devnet.block(tag)));
  const paid = await devnet.pay();
  await devnet.restart('SIGTERM');
  const after = await Promise.all(['latest', 'finalized'].map((tag) => devnet.block(tag)));
  must(after[0]?.hash === before[0]?.hash, 'the head after a restart', after);
  must(after[1]?.hash === before[1]?.hash, 'the finalized block after a restart', after);
  const waiting = await devnet.rpc.call('eth_getTransactionByHash', paid);
  must(waiting !== null, 'the transaction to wait still');
  const { payload } = await beacon.nextSlot();
  must(payload.transactions.length === 1, 'it in the next block', payload.transactions.length);
}

async function killedAfterAnswer(devnet: Devnet): Promise<void> {
  const { beacon } = devnet;
  const proposal = await beacon.propose(beacon.slot + 1);
  const status = await beacon.send(proposal);
  await devnet.restart('SIGKILL');
  must(status.status === 'VALID', 'VALID before the end', status);
  must((await devnet.block('latest')).hash === beacon.head, 'the head after kill -9');
  await beacon.choose(proposal);
  const { hash } = await devnet.block('latest');
  await devnet.restart('SIGKILL');
  must((await devnet.block('latest')).hash === hash, 'the choice after kill -9');
}

async function killedInBetween(devnet: Devnet): Promise<void> {
  const { beacon } = devnet;
  await devnet.pay();
  const proposal = await beacon.propose(beacon.slot + 1);
  const cut = beacon.send(proposal).catch(() => undefined);
  await devnet.restart('SIGKILL');
  await cut;
  const status = await beacon.send(proposal);
  must(status.status === 'VALID', 'VALID when it is sent again', status);
  await beacon.choose(proposal);
}

async function improvedPayload(devnet: Devnet): Promise<void> {
  const { beacon } = devnet;
  const proposal = await beacon.propose(beacon.slot + 1, {
    meanwhile: async () => {
      await devnet.pay(3n);
      await devnet.pay(5n);
    },
  });
  const { transactions } = proposal.payload;
  must(transactions.length === 2, 'what came meanwhile in the payload', transactions.length);
  const { value } = proposal;
  const wei = value === undefined ? undefined : 21_000n * 8n * 10n ** 9n;
  must(value === wei, `${wei} wei for the recipient`, `${value}`);
  const status = await beacon.send(proposal);
  must(status.status === 'VALID', 'it to be VALID', status);
  await beacon.choose(proposal);
}

async function lateFollower({ beacon, secret, place }: Devnet): Promise<void> {
  const folder = join(place.folder, '..', `follower-${beacon.slot}`);
  const follower = await NodeProcess.start({ ...place, folder });
  const us = beacon.engine;
  try {
    beacon.engine = RpcClient.engine(follower.url('engine'), secret);
    const branch = [...beacon.branch.entries()].sort(([a], [b]) => b - a).slice(0, -1);
    const blocks = branch.map(([, hash]) => beacon.proposals.get(hash) as Proposal);
    for (const block of blocks.slice(0, -1)) {
      const { status } = await beacon.send(block);
      must(status === 'SYNCING', `SYNCING for slot ${block.slot} before its parent`, status);
    }
    const first = blocks.at(-1);
    must(first !== undefined && (await beacon.send(first)).status === 'VALID', 'the first VALID');
    const chosen = await beacon.forkchoice(beacon.state(), null);
    must(chosen.payloadStatus.status === 'VALID', 'all of them VALID then', chosen);
  } finally {
    beacon.engine = us;
    await follower.end('SIGKILL');
  }
}

async function withBlobs({ beacon, rpc }: Devnet): Promise<void> {
  const fork = beacon.forkOf(beacon.slot + 1);
  const version = fork === 'osaka' ? 1 : 0;
  const from = 1;
  const { address } = accountOf(from);
  const nonce = BigInt(await rpc.call<string>('eth_getTransactionCount', address, 'pending'));
  const { raw } = blobs({ from, nonce, version });
  await rpc.call('eth_sendRawTransaction', raw);
  const [name, missing] = version === 1 ? ['V2', null] : ['V1', [null]];
  const proposal = await beacon.propose(beacon.slot + 1, {
    // A node gives blobs when it has verified them.
    meanwhile: async () => {
      for (let tries = 0; tries < 400; tries++) {
        const there = await beacon.engine.call<unknown>(`engine_getBlobs${name}`, [ZERO_BLOB]);
        if (JSON.stringify(there) !== JSON.stringify(missing)) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
  });
  must(proposal.versionedHashes.length === 2, 'two blobs', proposal.versionedHashes);
  const found = await beacon.engine.call<unknown[]>(
    `engine_getBlobs${name}`,
    proposal.versionedHashes,
  );
  must(found.length === 2 && !found.includes(null), 'both blobs by their hashes', found.length);
  const none = await beacon.engine.call<unknown>(`engine_getBlobs${name}`, [UNKNOWN]);
  must(JSON.stringify(none) === JSON.stringify(missing), 'nothing for another hash', none);
  const wrong = await beacon.send({ ...proposal, versionedHashes: [] });
  must(wrong.status === 'INVALID' && wrong.latestValidHash === null, 'INVALID without them', wrong);
  const status = await beacon.send(proposal);
  must(status.status === 'VALID', 'the blobs’ block to be VALID', status);
  await beacon.choose(proposal);
}

async function forgedBlobs({ beacon, rpc }: Devnet): Promise<void> {
  const from = 3;
  const { address } = accountOf(from);
  const nonce = BigInt(await rpc.call<string>('eth_getTransactionCount', address, 'pending'));
  const { raw, hash } = blobs({ from, nonce, version: 1, isForged: true });
  await rpc.call('eth_sendRawTransaction', raw);
  const proposal = await beacon.propose(beacon.slot + 1, { salt: 'forged' });
  must(proposal.versionedHashes.length === 0, 'no blobs that nobody has proven', proposal.payload);
  let waiting: unknown = hash;
  for (let tries = 0; waiting !== null && tries < 400; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    waiting = await rpc.call('eth_getTransactionByHash', hash);
  }
  must(waiting === null, 'the pool to let go of what proves nothing', waiting);
}

async function withRequests({ beacon, rpc }: Devnet): Promise<void> {
  const from = 2;
  const { address } = accountOf(from);
  const nonce = BigInt(await rpc.call<string>('eth_getTransactionCount', address, 'pending'));
  const data = new Uint8Array(56).fill(9);
  const call = { to: WITHDRAWAL_CONTRACT, value: 1_000n, data, gasLimit: 500_000n } as const;
  await rpc.call('eth_sendRawTransaction', transfer({ from, nonce, ...call }).raw);
  const proposal = await beacon.propose(beacon.slot + 1);
  const [request = '0x', ...others] = proposal.requests;
  must(
    request.startsWith('0x01') && others.length === 0,
    'a withdrawal request',
    proposal.requests,
  );
  const wrong = await beacon.send({ ...proposal, requests: [] });
  must(wrong.status === 'INVALID' && wrong.latestValidHash === null, 'INVALID without it', wrong);
  const status = await beacon.send(proposal);
  must(status.status === 'VALID', 'its block to be VALID', status);
  await beacon.choose(proposal);
}

async function bodies({ beacon }: Devnet): Promise<void> {
  const { engine, head } = beacon;
  type Body = { readonly transactions: readonly string[] } | null;
  const asked = [head, UNKNOWN];
  const byHash = await engine.call<Body[]>('engine_getPayloadBodiesByHashV1', asked);
  const { payload } = beacon.proposals.get(head) as Proposal;
  must(byHash.length === 2 && byHash[1] === null, 'a body and null', byHash);
  must(byHash[0]?.transactions.join() === payload.transactions.join(), 'its transactions');
  const range = await engine.call<Body[]>('engine_getPayloadBodiesByRangeV1', '0x1', '0x20');
  must(
    range.length === Math.min(32, Number(payload.blockNumber)),
    'bodies up to the head',
    range.length,
  );
}

function accountOf(index: number) {
  return ACCOUNTS[index] as (typeof ACCOUNTS)[number];
}

export const FAULTS: readonly Fault[] = [
  { name: 'greetings', run: greetings },
  { name: 'wrong tokens', run: wrongTokens },
  { name: 'repeated and late calls', run: repeatedCalls },
  { name: 'an unknown head', run: unknownHead },
  { name: 'a hash that is not the block’s', run: wrongHash },
  { name: 'an invalid block and its child', run: invalidBlock },
  { name: 'wrong arguments', run: wrongArguments },
  { name: 'a payload that improves', since: 'shanghai', run: improvedPayload },
  { name: 'a reorganisation there and back', run: reorganisation },
  { name: 'a graceful restart', run: gracefulRestart },
  { name: 'kill -9 after an answer', run: killedAfterAnswer },
  { name: 'blobs with a proof each', since: 'cancun', run: withBlobs },
  { name: 'the head set back', since: 'cancun', run: headSetBack },
  { name: 'requests', since: 'prague', run: withRequests },
  { name: 'kill -9 in between', since: 'prague', run: killedInBetween },
  { name: 'an invalid block with requests', since: 'prague', run: invalidBlock },
  { name: 'blobs with cell proofs', since: 'osaka', run: withBlobs },
  { name: 'blobs that are forged', since: 'osaka', run: forgedBlobs },
  { name: 'wrong arguments of Osaka', since: 'osaka', run: wrongArguments },
  { name: 'bodies', since: 'osaka', run: bodies },
  { name: 'a follower that comes late', since: 'osaka', run: lateFollower },
];
