/**
 * Files of blocks: RLP as `geth export` writes it, or JSON as `eth_getBlockByNumber` answers with
 * full transactions; both also compressed with gzip. Which it is, the first bytes say.
 */

import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { readBlockJson } from '../json/block-json.ts';
import { ByteStream } from './byte-stream.ts';
import { BlockFileError } from './fault.ts';
import { jsonTexts } from './json-texts.ts';
import { rlpBlocks } from './rlp-blocks.ts';

/** Bytes read at once. */
const CHUNK = 1_048_576;
const GZIP = [0x1f, 0x8b];
/** First byte of a list's RLP; text begins below. */
const LIST = 0xc0;

export interface BlockFileOptions {
  /** Told how much of the file, as it lies on the disk, was read. */
  readonly onBytes?: (count: number) => void;
}

/**
 * The blocks of a file in RLP, in its order.
 * @throws BlockFileError, JsonError for what is no block, naming the file and the place
 */
export async function* blocksInFile(
  path: string,
  { onBytes = () => {} }: BlockFileOptions = {},
): AsyncGenerator<Uint8Array> {
  const stream = await openStream(path, onBytes);
  try {
    const [first] = await stream.peek(1);
    if (first === undefined) return;
    if (first >= LIST) yield* rlpBlocks(stream);
    else for await (const text of jsonTexts(stream)) yield readBlockJson(text);
  } catch (error) {
    throw inFile(path, error);
  } finally {
    await stream.close();
  }
}

async function openStream(path: string, onBytes: (count: number) => void): Promise<ByteStream> {
  const file = createReadStream(path, { highWaterMark: CHUNK });
  const plain = new ByteStream(counted(file, onBytes));
  const [first, second] = await plain.peek(2);
  if (first !== GZIP[0] || second !== GZIP[1]) return plain;
  const unzipped = pipeline(rest(plain), createGunzip({ chunkSize: CHUNK }), () => {});
  return new ByteStream(unzipped as unknown as AsyncIterable<Uint8Array>);
}

async function* counted(
  source: AsyncIterable<Uint8Array>,
  onBytes: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    onBytes(chunk.length);
    yield chunk;
  }
}

async function* rest(stream: ByteStream): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      const bytes = await stream.peekSome();
      if (bytes.length === 0) return;
      stream.skip(bytes.length);
      yield bytes;
    }
  } finally {
    await stream.close();
  }
}

/** What came of the file, named with it. */
function inFile(path: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof BlockFileError) {
    return new BlockFileError(error.code, `${path}: ${message}`, { cause: error });
  }
  if (code === 'Z_BUF_ERROR') {
    return new BlockFileError('block file/cut short', `${path} ends early`, { cause: error });
  }
  const isFault = code?.startsWith('Z_') === true || code?.startsWith('json/') === true;
  if (!isFault) return error;
  return new BlockFileError('block file/malformed', `${path}: ${message}`, { cause: error });
}
