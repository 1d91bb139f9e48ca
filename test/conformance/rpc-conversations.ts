/**
 * The conversations of execution-apis: requests to a node of one chain, and what geth answered.
 *
 *   // a comment; "speconly" where only the form of the answer counts
 *   >> {"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"}
 *   << {"jsonrpc":"2.0","id":1,"result":"0x36"}
 *
 * Of an error the code and the data count; texts that are others are counted.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { blocksInFile } from '../../src/chain/block-files/block-file.ts';
import { parseGenesis } from '../../src/chain/genesis-files/genesis-file.ts';
import { importBlocks } from '../../src/chain/import-blocks.ts';
import { createChain } from '../../src/chain/open-chain.ts';
import type { Engine, Hash } from '../../src/evm/types.ts';
import { CallMachines } from '../../src/node/execution/call-machines.ts';
import type { CallWorkers } from '../../src/node/execution/workers/call-workers.ts';
import { Ledger } from '../../src/node/ledger/ledger.ts';
import { MemoryTransactionIndex } from '../../src/node/ledger/transaction-index.ts';
import { basicMethods } from '../../src/node/methods/basic.ts';
import { ethMethods } from '../../src/node/methods/eth/tables.ts';
import { traceMethods } from '../../src/node/methods/trace-tables.ts';
import { type Node, REQUEST_LIMITS } from '../../src/node/node.ts';
import { MemoryPool } from '../../src/node/pool/memory-pool.ts';
import { Dispatcher } from '../../src/node/rpc/dispatch.ts';
import type { Caller } from '../../src/node/rpc/method.ts';

/** A request and its answer, as texts. */
interface Exchange {
  readonly request: string;
  readonly expected: string;
}

export interface Conversation {
  /** Method and file, without its ending. */
  readonly name: string;
  /** Only the form of the answers counts. */
  readonly isSpecOnly: boolean;
  readonly exchanges: readonly Exchange[];
}

export interface ConversationOutcome {
  readonly name: string;
  readonly ok: boolean;
  /** What differs. */
  readonly message: string;
  /** Errors whose code is right and whose text is another. */
  readonly otherTexts: number;
}

/** All conversations of a folder, in the order of their names. */
export function readConversations(folder: string): Conversation[] {
  const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  const names = folders.flatMap(({ name }) =>
    readdirSync(join(folder, name))
      .filter((file) => file.endsWith('.io'))
      .map((file) => `${name}/${file.slice(0, -3)}`),
  );
  return names.sort().map((name) => {
    const lines = readFileSync(join(folder, `${name}.io`), 'utf8').split('\n');
    const exchanges: Exchange[] = [];
    let request: string | undefined;
    for (const line of lines) {
      if (line.startsWith('>> ')) request = line.slice(3);
      else if (line.startsWith('<< ') && request !== undefined) {
        exchanges.push({ request, expected: line.slice(3) });
        request = undefined;
      }
    }
    const isSpecOnly = lines.some((line) => /^\/\/\s*speconly/.test(line));
    return { name, isSpecOnly, exchanges };
  });
}

/** A node at the head of the conversations' chain. */
export interface ConversationNode {
  answer(request: string): Promise<string>;
  close(): Promise<void>;
}

export interface ConversationOptions {
  readonly engine?: Engine;
  /** Ended with the node. */
  readonly callWorkers?: CallWorkers;
}

export async function openConversationNode(
  folder: string,
  { engine = 'auto', callWorkers }: ConversationOptions = {},
): Promise<ConversationNode> {
  const genesis = parseGenesis(readFileSync(join(folder, 'genesis.json'), 'utf8'));
  const chain = await createChain(genesis, { archive: true, engine, workers: 1 });
  const index = new MemoryTransactionIndex();
  const ledger = new Ledger({ chain, index });
  await importBlocks(chain, blocksInFile(join(folder, 'chain.rlp')));
  await indexBranch(ledger, index);
  const said = JSON.parse(readFileSync(join(folder, 'headfcu.json'), 'utf8')) as {
    readonly params: readonly [Record<string, Hash>];
  };
  const { headBlockHash, safeBlockHash, finalizedBlockHash } = said.params[0];
  await ledger.setHead(headBlockHash as Hash);
  ledger.setFinality({ safe: safeBlockHash as Hash, finalized: finalizedBlockHash as Hash });
  const node: Node = {
    ledger,
    machines: new CallMachines(),
    pool: new MemoryPool({ ledger }),
    // geth's, which shows in transactions that say nothing of their gas.
    limits: { ...REQUEST_LIMITS, callGasMax: 50_000_000n },
    clientVersion: 'Ironfly/conversations',
    callWorkers,
  };
  const dispatcher = new Dispatcher(node, [basicMethods, ...ethMethods, ...traceMethods]);
  const caller: Caller = {
    signal: new AbortController().signal,
    notify: undefined,
    onClose: () => {},
    connection: {},
  };
  return {
    answer: async (request) => (await dispatcher.answer(request, caller)) ?? '',
    close: async () => {
      await callWorkers?.close();
      await chain.close();
    },
  };
}

/** Import has its own way with the head: what is of the branch by then is put into the index. */
async function indexBranch(ledger: Ledger, index: MemoryTransactionIndex): Promise<void> {
  const { number } = ledger.head.header;
  for (let at = 0n; at <= number; at++) {
    const block = await ledger.blockByNumber(at);
    if (block !== undefined) index.add(block);
  }
}

/** Asks what the conversation asks, and compares. */
export async function runConversation(
  node: ConversationNode,
  { name, isSpecOnly, exchanges }: Conversation,
): Promise<ConversationOutcome> {
  let otherTexts = 0;
  for (const { request, expected } of exchanges) {
    const answer = JSON.parse(await node.answer(request)) as Answer;
    const wanted = JSON.parse(expected) as Answer;
    if (answer.error !== undefined && wanted.error !== undefined) {
      if (answer.error.message !== wanted.error.message) otherTexts += 1;
    }
    const isSame = isSpecOnly ? sameForm(answer, wanted) : sameContent(answer, wanted);
    if (isSame) continue;
    const shown = difference(wanted, answer);
    return { name, ok: false, message: `${request.slice(0, 200)}\n${shown}`, otherTexts };
  }
  return { name, ok: true, message: '', otherTexts };
}

interface Answer {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** Texts of errors are for people, and may be others. */
function sameContent(answer: Answer, wanted: Answer): boolean {
  return isDeepStrictEqual(withoutText(answer), withoutText(wanted));
}

function withoutText(answer: Answer): Answer {
  if (answer.error === undefined) return answer;
  const { message: _, ...error } = answer.error;
  return { ...answer, error: error as Answer['error'] & object };
}

/** An answer where there is one, with the same members of the same kinds. */
function sameForm(answer: Answer, wanted: Answer): boolean {
  if ((answer.error === undefined) !== (wanted.error === undefined)) return false;
  return answer.error !== undefined || isOfForm(answer.result, wanted.result);
}

/** Members that the specification leaves to the node. */
const OPTIONAL = new Set(['deleteStrategy']);

/** What a chain or its pool may or may not have; elsewhere members are the same. */
function isOfForm(value: unknown, wanted: unknown): boolean {
  if (wanted === null || value === null) return true;
  if (typeof value !== typeof wanted) return false;
  if (Array.isArray(wanted)) {
    if (!Array.isArray(value)) return false;
    const [pattern] = wanted;
    return pattern === undefined || value.every((item) => isOfForm(item, pattern));
  }
  if (typeof wanted !== 'object') return true;
  const given = value as Record<string, unknown>;
  const members = Object.entries(wanted as object).filter(([name]) => !OPTIONAL.has(name));
  // A map by address or nonce has other keys.
  if (members.some(([key]) => /^(?:0x|\d)/.test(key))) return true;
  return members.every(([key, member]) => key in given && isOfForm(given[key], member));
}

const SHOWN_MAX = 600;

/** The parts of two answers that differ. */
function difference(wanted: unknown, answer: unknown, path = ''): string {
  if (isDeepStrictEqual(wanted, answer)) return '';
  const isOpen = (value: unknown) => typeof value === 'object' && value !== null;
  if (!isOpen(wanted) || !isOpen(answer)) {
    const shown = (value: unknown) => JSON.stringify(value)?.slice(0, SHOWN_MAX) ?? 'nothing';
    return `  ${path}: wanted ${shown(wanted)}\n  ${path}: answered ${shown(answer)}\n`;
  }
  const [left, right] = [wanted as Record<string, unknown>, answer as Record<string, unknown>];
  return [...new Set([...Object.keys(left), ...Object.keys(right)])]
    .map((key) => difference(left[key], right[key], `${path}.${key}`))
    .join('')
    .slice(0, 4 * SHOWN_MAX);
}
