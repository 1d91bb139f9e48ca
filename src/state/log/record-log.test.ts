import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FolderFiles, type LogFile, type LogFiles } from './files.ts';
import { LogError, RecordLog } from './record-log.ts';

/** Files in memory that know what was synced, and can crash. */
class FaultyFiles implements LogFiles {
  readonly files = new Map<string, FaultyFile>();
  /** Operations until the next one fails; none fails when undefined. */
  failsAfter: number | undefined;

  async list(): Promise<string[]> {
    return [...this.files.keys()];
  }

  async open(name: string): Promise<LogFile> {
    return this.files.get(name) as FaultyFile;
  }

  async create(name: string): Promise<LogFile> {
    const file = new FaultyFile(this);
    this.files.set(name, file);
    return file;
  }

  async remove(name: string): Promise<void> {
    this.files.delete(name);
  }

  step(): void {
    if (this.failsAfter === undefined) return;
    if (this.failsAfter === 0) throw new Error('ENOSPC: no space left on device');
    this.failsAfter -= 1;
  }

  /**
   * What the disk holds after the power went: of each write since the last sync any part may be
   * there or not. `choose` gives a number below its argument.
   */
  crash(choose: (below: number) => number): void {
    this.failsAfter = undefined;
    for (const file of this.files.values()) file.crash(choose);
  }
}

/** Bytes that the disk writes at once. */
const SECTOR = 16;

class FaultyFile implements LogFile {
  readonly #owner: FaultyFiles;
  bytes = new Uint8Array(0);
  #synced = new Uint8Array(0);

  constructor(owner: FaultyFiles) {
    this.#owner = owner;
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    // A write that fails has written a part.
    const part = this.#owner.failsAfter === 0 ? bytes.subarray(0, bytes.length >> 1) : bytes;
    const grown = new Uint8Array(Math.max(this.bytes.length, offset + part.length));
    grown.set(this.bytes);
    grown.set(part, offset);
    this.bytes = grown;
    this.#owner.step();
  }

  async read(offset: number, size: number): Promise<Uint8Array> {
    return this.bytes.slice(offset, offset + size);
  }

  async size(): Promise<number> {
    return this.bytes.length;
  }

  async sync(): Promise<void> {
    this.#owner.step();
    this.#synced = this.bytes.slice();
  }

  async truncate(size: number): Promise<void> {
    this.bytes = this.bytes.slice(0, size);
  }

  async close(): Promise<void> {}

  crash(choose: (below: number) => number): void {
    const kept = this.bytes.slice();
    for (let at = 0; at < kept.length; at += SECTOR) {
      if (choose(2) === 0) continue;
      for (let i = at; i < Math.min(at + SECTOR, kept.length); i++) kept[i] = this.#synced[i] ?? 0;
    }
    // The file may not have grown yet; what was synced is there.
    const least = this.#synced.length;
    const length = least + choose(Math.max(1, kept.length - least + 1));
    this.bytes = kept.slice(0, length);
    this.#synced = this.bytes.slice();
  }
}

const payload = fc.uint8Array({ maxLength: 90 });
const batch = fc.array(payload, { minLength: 1, maxLength: 4 });
const OPTIONS = { segmentBytes: 300 };

describe('the record log', () => {
  it('has all that was appended, after any crash and any failure', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ batch, fails: fc.option(fc.nat(3), { freq: 4 }) }), { maxLength: 20 }),
        fc.infiniteStream(fc.nat()),
        async (steps, random) => {
          const choose = (below: number) => (random.next().value as number) % below;
          const files = new FaultyFiles();
          let log = await RecordLog.open(files, OPTIONS);
          const committed: Uint8Array[] = [];
          for (const { batch: records, fails } of steps) {
            files.failsAfter = fails ?? undefined;
            const appended = await log.append(records).then(
              () => true,
              () => false,
            );
            if (appended) committed.push(...records);
            else await expect(log.append(records)).rejects.toMatchObject({ code: 'log/failed' });
            if (appended && choose(4) !== 0) continue;
            files.crash(choose);
            log = await RecordLog.open(files, OPTIONS);
            // Of a batch that was not acknowledged there may be a beginning.
            const more = Number(log.last) - committed.length;
            expect(more).toBeGreaterThanOrEqual(0);
            expect(more === 0 || (!appended && more <= records.length)).toBe(true);
            committed.push(...records.slice(0, more));
          }
          for (const [index, bytes] of committed.entries()) {
            expect(await log.read(BigInt(index + 1))).toEqual(bytes);
          }
          expect(log.last).toBe(BigInt(committed.length));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('refuses any bit that is flipped in what was committed, and changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(batch, { minLength: 2, maxLength: 8 }),
        fc.nat(),
        fc.nat(),
        async (batches, pick, bit) => {
          const files = new FaultyFiles();
          const written = await RecordLog.open(files, OPTIONS);
          for (const records of batches) await written.append(records);
          const [, file] = [...files.files][pick % files.files.size] as [string, FaultyFile];
          const place = bit % (file.bytes.length * 8);
          file.bytes[place >> 3] = (file.bytes[place >> 3] as number) ^ (1 << (place & 7));
          const before = [...files.files.values()].map(({ bytes }) => bytes.slice());
          const total = batches.flat();
          const opened = await RecordLog.open(files, OPTIONS).catch((error: unknown) => error);
          if (opened instanceof LogError) {
            expect(['log/damaged', 'log/version']).toContain(opened.code);
            expect([...files.files.values()].map(({ bytes }) => bytes)).toEqual(before);
            return;
          }
          // The last batch may be taken for one that a crash cut: nothing tells them apart.
          const log = opened as RecordLog;
          const lastBatch = batches.at(-1)?.length ?? 0;
          const unused = place >= 96 && place < 128;
          let wrong = 0;
          for (let number = log.first; number <= log.last; number += 1n) {
            const read = await log.read(number).catch((error: unknown) => error);
            if (read instanceof LogError) wrong += 1;
            else expect(read).toEqual(total[Number(number) - 1]);
          }
          const lost = total.length - Number(log.last);
          expect(lost).toBeLessThanOrEqual(lastBatch);
          expect(unused || wrong + lost > 0).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('drops whole segments from its beginning', async () => {
    const files = new FaultyFiles();
    const log = await RecordLog.open(files, OPTIONS);
    for (let i = 0; i < 50; i++) await log.append([new Uint8Array(40).fill(i)]);
    const segments = files.files.size;
    await log.prune(30n);
    expect(log.first).toBeGreaterThan(20n);
    expect(log.first).toBeLessThanOrEqual(30n);
    expect(files.files.size).toBeLessThan(segments);
    await expect(log.read(1n)).rejects.toThrow('records');
    const again = await RecordLog.open(files, OPTIONS);
    expect([again.first, again.last]).toEqual([log.first, 50n]);
    expect((await again.read(30n))[0]).toBe(29);
  });

  it('is a folder of files', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ironfly-log-'));
    try {
      const files = new FolderFiles(join(folder, 'log'));
      const log = await RecordLog.open(files);
      await Promise.all([log.append([Uint8Array.of(1)]), log.append([Uint8Array.of(2, 3)])]);
      await log.close();
      await expect(log.append([])).rejects.toThrow();
      const again = await RecordLog.open(files);
      expect(await again.read(2n)).toEqual(Uint8Array.of(2, 3));
      await again.close();
      await expect(RecordLog.open(new FolderFiles(folder))).rejects.toThrow('no segment');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
