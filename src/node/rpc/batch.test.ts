/** A batch's answers in one text, or in pieces. */
import { expect, test } from 'vitest';
import { joined } from './batch.ts';
import { StreamCancelled, Streamed, streamOf } from './streamed.ts';

const MIB = 1 << 20;

/** What was made, and whether making it was ended. */
interface Made {
  count: number;
  isEnded: boolean;
}

async function* answers(
  make: (index: number) => string | Streamed | Promise<Streamed>,
  count: number,
  made: Made = { count: 0, isEnded: false },
): AsyncGenerator<string | Streamed> {
  try {
    for (let index = 0; index < count; index++) {
      made.count += 1;
      yield await make(index);
    }
  } finally {
    made.isEnded = true;
  }
}

const signal = () => new AbortController().signal;
const turns = () => new Promise((resolve) => setTimeout(resolve, 20));

async function textOf(answer: string | Streamed | undefined): Promise<string> {
  if (!(answer instanceof Streamed)) throw new Error('it is one text');
  let text = '';
  for await (const piece of answer.pieces) text += piece;
  return text;
}

test('few are one text, and none are none', async () => {
  expect(await joined(answers(String, 3), signal())).toBe('[0,1,2]');
  expect(await joined(answers(String, 0), signal())).toBe(undefined);
});

test('many come in pieces, and are the same', async () => {
  const make = (index: number) => JSON.stringify(`${index}${'7'.repeat(MIB)}`);
  const whole = await joined(answers(make, 9), undefined);
  expect(typeof whole).toBe('string');
  const streamed = await joined(answers(make, 9), signal());
  expect(await textOf(streamed)).toBe(whole);
});

test('those in pieces stand among the others', async () => {
  const make = (index: number) =>
    index % 2 === 0 ? `${index}` : streamOf(async (write) => void (await write('"x"')), undefined);
  for (const count of [2, 3, 6])
    expect(JSON.parse(await textOf(await joined(answers(make, count), signal())))).toEqual(
      [0, 'x', 2, 'x', 4, 'x'].slice(0, count),
    );
  const only = answers(() => streamOf(async (write) => void (await write('1')), undefined), 1);
  expect(await textOf(await joined(only, signal()))).toBe('[1]');
});

test('characters of two units are whole in each piece', async () => {
  const text = `"${'x'.repeat(7)}${'😀'.repeat(5 * MIB)}"`;
  const streamed = await joined(
    answers(() => text, 2),
    signal(),
  );
  if (!(streamed instanceof Streamed)) throw new Error('it is one text');
  let count = 0;
  for await (const piece of streamed.pieces) {
    expect(piece.isWellFormed()).toBe(true);
    count += 1;
  }
  expect(count).toBeGreaterThan(100);
});

test('no more are made than are read', async () => {
  const made = { count: 0, isEnded: false };
  const streamed = await joined(
    answers(() => '7'.repeat(MIB), 100, made),
    signal(),
  );
  if (!(streamed instanceof Streamed)) throw new Error('it is one text');
  await turns();
  expect(made.count).toBeLessThan(8);
  let pieces = 0;
  for await (const piece of streamed.pieces) {
    expect(piece.length).toBeLessThan(MIB / 4);
    pieces += 1;
    if (pieces === 320) break;
  }
  await turns();
  expect(made).toMatchObject({ isEnded: true });
  expect(made.count).toBeLessThan(40);
});

test('who goes away ends what makes them, wherever it stands', async () => {
  for (const stream of [false, true]) {
    const controller = new AbortController();
    const made = { count: 0, isEnded: false };
    let isCancelled = false;
    const endless = (): Promise<Streamed> =>
      streamOf(async (write) => {
        try {
          for (;;) await write('7'.repeat(100_000));
        } catch (error) {
          isCancelled = true;
          throw error;
        }
      }, undefined);
    const make = stream ? endless : () => '7'.repeat(MIB);
    const streamed = await joined(answers(make, 100, made), controller.signal);
    await turns();
    controller.abort();
    await turns();
    expect(made.isEnded).toBe(true);
    expect(isCancelled).toBe(stream);
    await expect(textOf(streamed)).rejects.toThrow(StreamCancelled);
  }
});

test('what breaks in the midst breaks the whole', async () => {
  const broken = (): Promise<Streamed> =>
    streamOf(async (write) => {
      await write('7'.repeat(100_000));
      throw new Error('broken');
    }, undefined);
  await expect(textOf(await joined(answers(broken, 2), signal()))).rejects.toThrow('broken');
});
