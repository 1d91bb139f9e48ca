import type { FileHandle } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { HandleFile } from './files.ts';

/** A file whose system does a few bytes at a time. */
function slowHandle(content: number[]): FileHandle {
  const handle = {
    read: async (bytes: Uint8Array, at: number, size: number, from: number) => {
      const part = content.slice(from, from + Math.min(size, 3));
      bytes.set(part, at);
      return { bytesRead: part.length };
    },
    write: async (bytes: Uint8Array, at: number, _: null, to: number) => {
      const part = bytes.subarray(at, at + 2);
      for (const [index, byte] of part.entries()) content[to + index] = byte;
      return { bytesWritten: part.length };
    },
  };
  return handle as unknown as FileHandle;
}

it('a file has all that was written, however little of it goes at once', async () => {
  const content: number[] = [];
  const file = new HandleFile(slowHandle(content));
  const bytes = Uint8Array.from({ length: 11 }, (_, index) => index);
  await file.write(bytes, 4);
  expect(content.slice(4)).toEqual([...bytes]);
  expect(await file.read(4, 11)).toEqual(bytes);
  expect(await file.read(12, 11)).toEqual(bytes.subarray(8));
});
