/**
 * A batch's answers as they are sent: one text where they are few, else in pieces, so that no more
 * of them is in memory than one answer and what waits for the reader.
 */

import { Streamed, streamOf, type Write } from './streamed.ts';

/** Gathered so far, a batch is sent as one text: on a shared connection nothing waits for it. */
const GATHERED_CHARACTERS_MAX = 4 << 20;
/** Of an answer that is a whole text; a reader shows its progress piece by piece. */
const SLICE_CHARACTERS = 64 << 10;

/**
 * The answers of a batch in one; undefined where there are none.
 * @param answers are made while they are sent; those in pieces only where `signal` is given
 * @param signal the reader's; without it the answers are one text
 * @throws what fails of an answer in pieces before any was sent
 */
export async function joined(
  answers: AsyncGenerator<string | Streamed>,
  signal: AbortSignal | undefined,
): Promise<string | Streamed | undefined> {
  const gathered: string[] = [];
  let characters = 0;
  for (;;) {
    const { value: answer, done } = await answers.next();
    if (done === true) return gathered.length === 0 ? undefined : `[${gathered.join(',')}]`;
    // Whose time is over gets refusals alone from here on.
    const isLarge = signal?.aborted === false && characters > GATHERED_CHARACTERS_MAX;
    if (answer instanceof Streamed || isLarge) {
      const before = ['[', ...gathered.flatMap((each) => [each, ','])];
      return streamOf((write) => writeAll(write, before, answer, answers), signal);
    }
    characters += answer.length;
    gathered.push(answer);
  }
}

/** @throws what `write` throws when the reader has gone; no more answers are made then */
async function writeAll(
  write: Write,
  before: readonly string[],
  first: string | Streamed,
  others: AsyncGenerator<string | Streamed>,
): Promise<void> {
  try {
    for (const text of before) await writeSlices(write, text);
    await writeAnswer(write, first);
  } catch (error) {
    if (first instanceof Streamed) first.cancel();
    await others.return(undefined);
    throw error;
  }
  for await (const answer of others) {
    await write(',');
    await writeAnswer(write, answer);
  }
  await write(']');
}

async function writeAnswer(write: Write, answer: string | Streamed): Promise<void> {
  if (typeof answer === 'string') return writeSlices(write, answer);
  for await (const piece of answer.pieces) await write(piece);
}

async function writeSlices(write: Write, text: string): Promise<void> {
  for (let at = 0; at < text.length; ) {
    let end = Math.min(at + SLICE_CHARACTERS, text.length);
    // Halves of a character by themselves would be sent as none.
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end -= 1;
    await write(text.slice(at, end));
    at = end;
  }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
