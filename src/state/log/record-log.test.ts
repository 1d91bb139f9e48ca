import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FaultyFile, FaultyFiles } from './faulty-files.ts';
import { FolderFiles } from './files.ts';
import { LogError, RecordLog } from './record-log.ts';

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
