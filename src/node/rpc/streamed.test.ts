import { expect, test } from 'vitest';
import { StreamCancelled, type Streamed, streamOf } from './streamed.ts';

const PIECE = 'x'.repeat(70_000);

async function textOf({ pieces }: Streamed): Promise<string> {
  let text = '';
  for await (const piece of pieces) text += piece;
  return text;
}

test('what is written comes in its order, within what is put around it', async () => {
  const stream = await streamOf(async (write) => {
    for (let index = 0; index < 50_000; index++) await write(`${index},`);
  }, undefined);
  const numbers = Array.from({ length: 50_000 }, (_, index) => `${index},`).join('');
  expect(await textOf(stream.within('[', ']'))).toBe(`[${numbers}]`);
});

test('what fails before its first piece is an error of the method', async () => {
  const failing = streamOf(async (write) => {
    await write('[1,');
    throw new Error('too early');
  }, undefined);
  await expect(failing).rejects.toThrow('too early');
});

test('what fails later is an error of the reader', async () => {
  const stream = await streamOf(async (write) => {
    await write(PIECE);
    throw new Error('too late');
  }, undefined);
  await expect(textOf(stream)).rejects.toThrow('too late');
});

test('who writes waits for who reads', async () => {
  let written = 0;
  const stream = await streamOf(async (write) => {
    for (; written < 100; written++) await write(PIECE);
  }, undefined);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(written).toBeLessThan(6);
  expect(await textOf(stream)).toHaveLength(100 * PIECE.length);
});

test.each(['cancel', 'signal', 'break'] as const)('who is not read is told (%s)', async (how) => {
  const gone = new AbortController();
  let fault: unknown;
  const stream = await streamOf(async (write) => {
    try {
      for (;;) await write(PIECE);
    } catch (error) {
      fault = error;
      throw error;
    }
  }, gone.signal);
  if (how === 'cancel') stream.cancel();
  else if (how === 'signal') gone.abort();
  else for await (const _ of stream.pieces) break;
  await expect.poll(() => fault).toBeInstanceOf(StreamCancelled);
  if (how !== 'break') await expect(textOf(stream)).rejects.toThrow(StreamCancelled);
});
