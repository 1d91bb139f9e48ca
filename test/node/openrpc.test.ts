/**
 * Every method that execution-apis and a node of ours have, with wrong types for each parameter
 * and each field, made of its OpenRPC schema: whatever does not fit is refused as an argument.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { devGenesis } from '../../src/node/dev/genesis.ts';
import { fullMethods } from '../../src/node/full/full-methods.ts';
import { FullNode } from '../../src/node/full/full-node.ts';
import { Dispatcher } from '../../src/node/rpc/dispatch.ts';
import { METHODS, misfits, sample } from './openrpc-values.ts';
import type { Answered } from './rpc-client.ts';

const INVALID_PARAMS = -32602;
const BUG = -32603;

/** What is not refused: by method, place and value. */
const LENIENT: readonly (readonly [given: RegExp, reason: string])[] = [
  [
    /^eth_(call|createAccessList|estimateGas) 0 \{"(type|blobs|commitments|proofs)":/,
    'not read, as a call is not changed by it',
  ],
  [
    /^engine_forkchoiceUpdatedV2 1 \{(?!.*withdrawals)/,
    'those of V1, before Shanghai; refused by the fork else',
  ],
  [/^eth_\w+ 0 \{"accessList":\[\{"address":"0x\w+"\}\]/, 'no keys are none'],
  [/^debug_trace\w+ 1 \{"debug":/, 'a switch of geth for memory and stack, which is not read'],
  [/^debug_trace\w+ 1 \{"tracerConfig":/, 'read by the tracer, once there is what to trace'],
  [/^eth_(getFilter\w+|uninstallFilter) 0 "/, 'a filter that there is not, whatever its name'],
];

/** Of the engine's own code for attributes; the words are of a reader of arguments. */
const OF_ARGUMENT = /^Invalid payload attributes: (invalid argument|.* missing$)/;

let folder: string;
let full: FullNode;
let dispatcher: Dispatcher<FullNode['node']>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ironfly-openrpc-'));
  full = await FullNode.open({
    folder,
    genesis: devGenesis({
      ...{ chainId: 31_337n, fork: 'osaka', gasLimit: 30_000_000n, baseFee: 10n ** 9n },
      ...{ timestamp: 1_800_000_000n, number: 0n, hasCreate2Deployer: true },
      ...{ accounts: [], balance: 0n },
    }),
    clientVersion: 'ironfly/test',
    consensusClient: {
      version: { code: 'IF', name: 'Ironfly', version: 'v0', commit: '0x00000000' },
    },
  });
  dispatcher = new Dispatcher(full.node, fullMethods);
});

afterAll(async () => {
  await full.close();
  await rm(folder, { recursive: true });
});

async function ask(method: string, params: readonly unknown[]): Promise<Answered> {
  const caller = {
    ...{ signal: AbortSignal.timeout(10_000), notify: () => {}, onClose: () => {} },
    connection: {},
  };
  const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  return JSON.parse((await dispatcher.answer(text, caller)) ?? 'null');
}

const known = new Dispatcher({} as FullNode['node'], fullMethods);
const CASES = Object.entries(METHODS).filter(([method]) => known.has(method));

describe('wrong types by the schema', () => {
  const used = new Set<(typeof LENIENT)[number]>();

  it('are of most of its methods', () => {
    expect(CASES.length).toBeGreaterThan(50);
  });

  it.each(CASES)('%s refuses them', async (method, parameters) => {
    const right = parameters.map(({ name, schema }) => special(name) ?? sample(schema));
    const { error } = await ask(method, right);
    // Else it would be refused for another reason.
    expect(error?.code, JSON.stringify([right, error])).not.toBe(INVALID_PARAMS);
    const faults: string[] = [];
    let count = 0;
    for (const [place, { schema }] of parameters.entries()) {
      for (const wrong of misfits(schema)) {
        count += 1;
        const answer = await ask(method, right.with(place, wrong));
        const code = answer.error?.code;
        if (code === INVALID_PARAMS || OF_ARGUMENT.test(answer.error?.message ?? '')) continue;
        // Refused with words of its own, where what is right is not refused.
        if (code !== undefined && code !== BUG && error === undefined) continue;
        const given = `${method} ${place} ${JSON.stringify(wrong).slice(0, 300)}`;
        const lenience = LENIENT.find(([pattern]) => pattern.test(given));
        if (lenience !== undefined) used.add(lenience);
        else faults.push(`${given}: ${JSON.stringify(answer.error ?? answer.result)}`);
      }
    }
    expect(count).toBeGreaterThan(0);
    expect(faults).toEqual([]);
  });

  it('are let pass only where it is said', () => {
    expect(LENIENT.filter((each) => !used.has(each))).toEqual([]);
  });
});

/** Where the least that fits the schema is not enough. */
function special(name: string): unknown {
  const { hash } = full.node.ledger.head;
  switch (name) {
    case 'Forkchoice state':
      return { headBlockHash: hash, safeBlockHash: hash, finalizedBlockHash: hash };
    case 'Parent block hash':
      return hash;
    case 'Payload attributes':
      return { timestamp: '0x7', prevRandao: hash, suggestedFeeRecipient: `0x${'1a'.repeat(20)}` };
    case 'Requests':
      return { [`0x${'1a'.repeat(20)}`]: ['0x1'] };
    case 'Payload':
      return { blockStateCalls: [{}] };
    default:
      return undefined;
  }
}
