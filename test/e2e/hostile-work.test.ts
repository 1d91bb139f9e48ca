/**
 * Work without end, asked of `ironfly dev` by clients that mean ill: calls that loop for ever, and
 * traces whose output is giant, while an honest client asks. It answers all the time, ends each of
 * them, and uses no more memory than it may.
 */

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RawClient, requestText } from '../node/rpc-client.ts';
import { askAt, type DevProcess, startDev } from './dev-process.ts';

const FROM = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266';
const TO = `0x${'ee'.repeat(20)}`;
/** JUMPDEST, PUSH0, JUMP. */
const ENDLESS = '0x5b5f56';
/** Half a mebibyte of memory, then steps without end, each of which shows all of it. */
const LARGE_STEPS = '0x5f6207ffe0525b600656';
const GAS = `0x${(2n ** 50n).toString(16)}`;
/** On a machine that runs other tests, too. */
const HONEST_MS_MAX = 3_000;
const GROWTH_MAX = 400 << 20;
const TRACE_BYTES = 256 << 20;

let dev: DevProcess;

beforeAll(async () => {
  dev = await startDev();
}, 60_000);

afterAll(async () => {
  expect(await dev.stop()).toBe(0);
});

function memoryBytes(): number {
  const status = readFileSync(`/proc/${dev.process.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) << 10;
}

/** Runs an attack while an honest client asks and calls. */
async function during(attack: () => Promise<void>): Promise<void> {
  let isOver = false;
  let slowestMs = 0;
  const honest = (async () => {
    while (!isOver) {
      const startMs = performance.now();
      expect(await dev.ask('eth_chainId')).toBe('0x7a69');
      expect(await dev.ask('eth_call', { to: TO }, 'latest')).toBe('0x');
      slowestMs = Math.max(slowestMs, performance.now() - startMs);
      await sleep(20);
    }
  })();
  try {
    await attack();
  } finally {
    isOver = true;
  }
  await honest;
  expect(slowestMs).toBeLessThan(HONEST_MS_MAX);
}

const pretending = (code: string) => ({ [TO]: { code } });
const call = { from: FROM, to: TO, gas: GAS };
const refusal = (method: string, ...params: readonly unknown[]) =>
  askAt(dev.url, method, params).then(
    () => `${method} was answered`,
    (error: Error) => error.message,
  );

test('calls that loop for ever end, each by itself', async () => {
  const overrides = pretending(ENDLESS);
  const blockStateCalls = [{ stateOverrides: overrides, calls: [{ from: FROM, to: TO }] }];
  const tracing = { tracer: 'callTracer', stateOverrides: overrides };
  await during(async () => {
    const times = Array.from({ length: 4 });
    const calls = times.flatMap(() => [
      refusal('eth_call', call, 'latest', overrides),
      refusal('eth_estimateGas', call, 'latest', overrides),
    ]);
    // Their gas is bounded: that it was used up is an answer, too.
    const bounded = times.flatMap(() => [
      refusal('eth_simulateV1', { blockStateCalls }, 'latest'),
      refusal('debug_traceCall', call, 'latest', tracing),
      refusal('trace_call', { from: FROM, data: ENDLESS, gas: GAS }, ['trace'], 'latest'),
    ]);
    for (const said of await Promise.all(calls))
      expect(said).toMatch(/timeout|aborted|out of gas|required exceeds/);
    for (const said of await Promise.all(bounded))
      expect(said).toMatch(/timeout|aborted|was answered/);
  });
}, 120_000);

const linux = process.platform === 'linux';

test.runIf(linux)(
  'traces of giant output come as they are read',
  async () => {
    const options = { enableMemory: true, stateOverrides: pretending(LARGE_STEPS) };
    const body = requestText('debug_traceCall', [call, 'latest', options]);
    const before = memoryBytes();
    let most = 0;
    await during(async () => {
      const unread = [body, `[${body},${body}]`].map((text) => {
        const client = RawClient.to(dev.url);
        client.socket.pause();
        client.write(
          `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
        );
        return client;
      });
      const headers = { 'Content-Type': 'application/json' };
      for (const text of [body, `[${requestText('eth_chainId')},${body}]`]) {
        const response = await fetch(dev.url, { method: 'POST', body: text, headers });
        let bytes = 0;
        for await (const chunk of response.body ?? []) {
          bytes += chunk.length;
          most = Math.max(most, memoryBytes());
          if (bytes > TRACE_BYTES) break;
        }
        expect(bytes).toBeGreaterThan(TRACE_BYTES);
      }
      for (const { socket } of unread) socket.destroy();
    });
    expect(most - before).toBeLessThan(GROWTH_MAX);
  },
  120_000,
);
