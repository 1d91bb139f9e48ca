/**
 * A small node in a process of its own, so that its memory is seen: serves until its input ends.
 * Its first line of output has the addresses, as JSON. Limits are smaller than they are by default,
 * so that a test reaches them.
 */
import { createMetrics } from '../../src/node/operations/metrics.ts';
import { watchNode } from '../../src/node/operations/node-metrics.ts';
import { SERVER_LIMITS } from '../../src/node/server/limits.ts';
import { serve } from '../../src/node/server/serve.ts';
import { smallNode } from './small-node.ts';

const small = await smallNode();
const metrics = await createMetrics();
watchNode(metrics, small.node);
const limits = {
  ...SERVER_LIMITS,
  headersMsMax: 3_000,
  receiveMsMax: 3_000,
  unreadMsMax: 2_000,
  answerCharactersMax: 32 << 20,
  unsentBytesMax: 2 << 20,
  unsentBytesTogetherMax: 64 << 20,
  requestBytesTogetherMax: 16 << 20,
};
const server = await serve(small.dispatcher, {
  endpoints: [
    { protocols: ['http', 'ws'], port: 0, origins: ['loopback'], limits },
    { protocols: ['http', 'ws'], port: 0, secret: new Uint8Array(32).fill(7), limits },
  ],
  metrics,
});
process.stdout.write(`${JSON.stringify(server.urls)}\n`);
process.stdin.resume();
process.stdin.once('end', async () => {
  await server.close();
  await small.close();
});
