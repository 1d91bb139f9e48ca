/**
 * The conversations of execution-apis about traces, answered to the letter: the struct log is
 * compared as text, order of members included, where the suite of all conversations asks for the
 * form alone.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixtures } from '../fixtures.ts';
import {
  type ConversationNode,
  openConversationNode,
  readConversations,
} from './rpc-conversations.ts';

const suite = fixtures('execution-apis');
const folder = join(suite ?? '', 'tests');

describe.skipIf(suite === undefined)('traces of execution-apis', () => {
  let node: ConversationNode;

  beforeAll(async () => {
    node = await openConversationNode(folder);
  });
  afterAll(() => node.close());

  const conversations = suite === undefined ? [] : readConversations(folder);
  it.each(conversations.filter(({ name }) => name.startsWith('debug_trace')))(
    '$name',
    async ({ exchanges }) => {
      expect(exchanges.length).toBeGreaterThan(0);
      for (const { request, expected } of exchanges) {
        expect(await node.answer(request)).toBe(expected);
      }
    },
  );
});
