/** Every conversation of execution-apis with a node of ours, with its own pool. */

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixtures } from '../fixtures.ts';
import {
  type ConversationNode,
  openConversationNode,
  readConversations,
  runConversation,
} from './rpc-conversations.ts';

const base = fixtures('execution-apis');
const folder = join(base ?? '', 'tests');

describe.skipIf(base === undefined)('conversations of execution-apis', () => {
  let node: ConversationNode;

  beforeAll(async () => {
    node = await openConversationNode(folder);
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
