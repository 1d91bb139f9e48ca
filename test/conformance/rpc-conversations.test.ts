/** Every conversation of execution-apis with a node of ours, with its own pool. */

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CallWorkers } from '../../src/node/execution/workers/call-workers.ts';
import { fixtures } from '../fixtures.ts';
import {
  type ConversationNode,
  openConversationNode,
  readConversations,
  runConversation,
} from './rpc-conversations.ts';

const base = fixtures('execution-apis');
const folder = join(base ?? '', 'tests');

/** With a worker, all calls and traces are executed there from the start. */
const PLACES = [
  ["in the node's thread", {}],
  ['on a worker', { callWorkers: new CallWorkers(1, 0) }],
] as const;

describe.skipIf(base === undefined).each(PLACES)('conversations of execution-apis %s', (_, on) => {
  let node: ConversationNode;

  beforeAll(async () => {
    node = await openConversationNode(folder, on);
  });
  afterAll(() => node.close());

  it('are answered as geth answered them, in its words', async () => {
    const conversations = readConversations(folder);
    const faults: string[] = [];
    let otherTexts = 0;
    for (const conversation of conversations) {
      const outcome = await runConversation(node, conversation);
      if (!outcome.ok) faults.push(`${outcome.name}: ${outcome.message}`);
      otherTexts += outcome.otherTexts;
    }
    expect(faults).toEqual([]);
    expect(conversations.length).toBeGreaterThanOrEqual(232);
    expect(otherTexts).toBe(0);
  }, 120_000);
});
