/**
 * A log of records: appended, synced, and then there after any crash.
 *
 *   folder:   segments, each named by the number of its first record
 *   segment:  16 bytes of head ("ironflog", u32 version, u32 zero), then records
 *   record:   u32 mark | u32 size | u64 number | u64 number of its batch's first record
 *             | u32 CRC-32 of payload | u32 CRC-32 of the 28 bytes before, then the payload
 *
 * Integers are little-endian. Records are numbered from 1 without a gap. An append is a batch: all
 * of its records are there after a crash, or none is promised. What a crash left unfinished at the
 * log's end is cut off on opening; anything else that is not as it was written is damage:
 * opening refuses, says where, and changes nothing.
 */

import { crc32 } from 'node:zlib';
import { concatBytes, equalBytes } from '../../base/bytes.ts';
import { IronflyError } from '../../base/errors.ts';
import type { LogFile, LogFiles } from './files.ts';

export type LogFault =
  | 'log/damaged'
  | 'log/foreign'
  | 'log/version'
  | 'log/closed'
  | 'log/failed'
  | 'log/record too large'
  | 'log/no record';

export class LogError extends IronflyError<LogFault> {}

export interface LogOptions {
  /** A segment that is longer is followed by another; 64 MiB when left out. */
  readonly segmentBytes?: number;
}

/** Where a record lies. */
interface RecordPlace {
  readonly segment: bigint;
  readonly offset: number;
  /** Of the payload. */
  readonly size: number;
}

const MAGIC = new TextEncoder().encode('ironflog');
const LOG_VERSION = 1;
const SEGMENT_HEAD = 16;
const RECORD_HEAD = 32;
const MARK = 0x1f0b_10c5;
const SEGMENT_BYTES = 67_108_864;
/** A block with its state changes is far smaller; a size above is damage. */
const PAYLOAD_MAX = 1_073_741_824;
const SEGMENT_NAME = /^\d{16}\.log$/;
/** Bytes read at once while segments are looked through. */
const CHUNK = 4_194_304;

interface Segment {
  readonly first: bigint;
  readonly file: LogFile;
  /** Where the next record goes. */
  end: number;
}

interface Head {
  readonly size: number;
  readonly number: bigint;
  readonly batch: bigint;
  readonly payloadCrc: number;
}

export class RecordLog {
  readonly #files: LogFiles;
  readonly #segmentBytes: number;
  readonly #segments: Segment[];
  /** Places of the records, the first of which has the number `#firstNumber`. */
  readonly #places: RecordPlace[];
  #firstNumber: bigint;
  /** Appended while another batch is on its way to the disk: they go as one. */
  #waiting: Uint8Array[] = [];
  /** How many are on their way. */
  #writing = 0;
  #tail: Promise<void> = Promise.resolve();
  #failure: unknown;
  #closed = false;

  private constructor(
    files: LogFiles,
    segmentBytes: number,
    segments: Segment[],
    places: RecordPlace[],
    firstNumber: bigint,
  ) {
    this.#files = files;
    this.#segmentBytes = segmentBytes;
    this.#segments = segments;
    this.#places = places;
    this.#firstNumber = firstNumber;
  }

  /**
   * Opens the log of a folder, or begins one. PERF: reads the heads of all records.
   * @throws LogError for what is no log, of another version, or damaged; nothing is changed then
   */
  static async open(files: LogFiles, options: LogOptions = {}): Promise<RecordLog> {
    const names = (await files.list()).sort();
    const foreign = names.find((name) => !SEGMENT_NAME.test(name));
    if (foreign !== undefined) {
      throw new LogError('log/foreign', `${foreign} is no segment of a log: give another folder`);
    }
    const opened: Segment[] = [];
    try {
      const scan = new Scan();
      let torn: { readonly segment: Segment; readonly end: number } | undefined;
      for (const [index, name] of names.entries()) {
        const first = BigInt(name.slice(0, 16));
        const file = await files.open(name);
        const segment: Segment = { first, file, end: SEGMENT_HEAD };
        opened.push(segment);
        const end = await scan.segment(segment, index === names.length - 1);
        if (end !== undefined) torn = { segment, end };
      }
      if (torn !== undefined) await cut(torn.segment.file, torn.end);
      const firstNumber = opened[0]?.first ?? 1n;
      return new RecordLog(
        files,
        options.segmentBytes ?? SEGMENT_BYTES,
        opened,
        scan.places,
        firstNumber,
      );
    } catch (error) {
      await Promise.all(opened.map(({ file }) => file.close().catch(() => {})));
      throw error;
    }
  }

  /** Number of the first record that is kept; of the next one when there is none. */
  get first(): bigint {
    return this.#firstNumber;
  }

  /** Number of the last record that is on the disk; one less than `first` when there is none. */
  get last(): bigint {
    return this.#firstNumber + BigInt(this.#places.length) - 1n;
  }

  /** Number that the record appended next gets. */
  get next(): bigint {
    return this.last + BigInt(this.#writing + this.#waiting.length) + 1n;
  }

  /**
   * Appends records, all of them or none; resolves with the number of the first when all are on
   * the disk. What is appended while others are on their way goes with one sync.
   * After a failure nothing more is appended: what the disk holds is known only to who opens anew.
   * @throws LogError
   */
  async append(payloads: readonly Uint8Array[]): Promise<bigint> {
    const large = payloads.find((payload) => payload.length > PAYLOAD_MAX);
    if (large !== undefined) {
      const message = `a record of ${large.length} bytes is above the ${PAYLOAD_MAX} that one has`;
      throw new LogError('log/record too large', message);
    }
    this.#requireOpen();
    const first = this.next;
    const isFirst = this.#waiting.length === 0;
    this.#waiting.push(...payloads);
    if (isFirst) this.#tail = this.#tail.catch(() => {}).then(() => this.#appendWaiting());
    await this.#tail;
    return first;
  }

  /** A record's payload. @throws LogError for none, or one that has been damaged since */
  async read(number: bigint): Promise<Uint8Array> {
    this.#requireOpen();
    const place = this.#places[Number(number - this.#firstNumber)];
    if (place === undefined) {
      const message = `the log has records ${this.first} to ${this.last}, not ${number}`;
      throw new LogError('log/no record', message);
    }
    const segment = this.#segments.find(({ first }) => first === place.segment) as Segment;
    const bytes = await segment.file.read(place.offset, RECORD_HEAD + place.size);
    const head = readHead(bytes, 0);
    const payload = bytes.subarray(RECORD_HEAD);
    if (head?.number === number && crc32(payload) === head.payloadCrc) return payload;
    throw damaged(nameOf(segment.first), place.offset, `record ${number} is not as it was written`);
  }

  /** Lets go of whole segments all of whose records come before `number`. */
  async prune(number: bigint): Promise<void> {
    this.#requireOpen();
    for (;;) {
      const next = this.#segments[1];
      if (next === undefined || next.first > number) return;
      // All at once, so that who reads meanwhile finds a record, or is told that it is gone.
      const [gone] = this.#segments.splice(0, 1) as [Segment];
      this.#places.splice(0, Number(next.first - this.#firstNumber));
      this.#firstNumber = next.first;
      await gone.file.close();
      await this.#files.remove(nameOf(gone.first));
    }
  }

  /** Waits for appends, and closes the files. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#tail.catch(() => {});
    await Promise.all(this.#segments.map(({ file }) => file.close()));
  }

  #requireOpen(): void {
    if (this.#closed) throw new LogError('log/closed', 'the log is closed');
  }

  async #appendWaiting(): Promise<void> {
    const payloads = this.#waiting;
    this.#waiting = [];
    this.#writing = payloads.length;
    await this.#append(payloads);
  }

  async #append(payloads: readonly Uint8Array[]): Promise<void> {
    if (this.#failure !== undefined) {
      const message = 'an append failed before: open the log anew';
      throw new LogError('log/failed', message, { cause: this.#failure });
    }
    try {
      const batch = this.last + 1n;
      const segment = await this.#segmentFor(batch);
      const records = payloads.map((payload, index) =>
        encodeRecord(batch + BigInt(index), batch, payload),
      );
      await segment.file.write(concatBytes(...records), segment.end);
      await segment.file.sync();
      this.#writing = 0;
      for (const { length } of records) {
        const size = length - RECORD_HEAD;
        this.#places.push({ segment: segment.first, offset: segment.end, size });
        segment.end += length;
      }
    } catch (error) {
      this.#failure = error;
      throw new LogError(
        'log/failed',
        `the log could not be written: ${(error as Error).message}`,
        {
          cause: error,
        },
      );
    }
  }

  /** The segment into which a batch goes that begins with the number. */
  async #segmentFor(number: bigint): Promise<Segment> {
    const last = this.#segments.at(-1);
    if (last !== undefined && last.end < this.#segmentBytes) return last;
    const file = await this.#files.create(nameOf(number));
    await file.write(segmentHead(), 0);
    await file.sync();
    const segment: Segment = { first: number, file, end: SEGMENT_HEAD };
    this.#segments.push(segment);
    return segment;
  }
}

/** Looks through the segments, one after another. Payloads are checked in the last alone. */
class Scan {
  readonly places: RecordPlace[] = [];
  /** Number that the next record must have. */
  #next: bigint | undefined;

  /** Finds the segment's records; where to cut it, when a crash left more than whole records. */
  async segment(segment: Segment, isLast: boolean): Promise<number | undefined> {
    const { file, first } = segment;
    const name = nameOf(first);
    const size = await file.size();
    if (this.#next !== undefined && this.#next !== first) {
      throw damaged(name, 0, `record ${this.#next} should come first`);
    }
    this.#next = first;
    if (!(await hasSegmentHead(file, name))) {
      // Made by an append that did not come to its first record.
      if (isLast && size <= SEGMENT_HEAD) return 0;
      throw damaged(name, 0, 'it does not begin as a segment does');
    }
    while (segment.end < size) {
      const head = readHead(await file.read(segment.end, RECORD_HEAD), 0);
      const end = segment.end + RECORD_HEAD + (head?.size ?? 0);
      const fits = head !== undefined && head.number === this.#next && end <= size;
      if (!fits || (isLast && !(await isWhole(file, segment.end, head)))) {
        if (isLast && !(await isFollowed(file, segment.end, size, this.#next))) return segment.end;
        throw damaged(name, segment.end, `record ${this.#next} is not as it was written`);
      }
      this.places.push({ segment: first, offset: segment.end, size: head.size });
      segment.end = end;
      this.#next += 1n;
    }
    return undefined;
  }
}

/** Cuts off what a crash left unfinished; a segment without a head gets one. */
async function cut(file: LogFile, end: number): Promise<void> {
  await file.truncate(end);
  if (end === 0) await file.write(segmentHead(), 0);
  await file.sync();
}

/**
 * Whether a record of a later batch than that of `number` lies behind `from`: then `number` had
 * been synced, and is damaged rather than unfinished.
 */
async function isFollowed(
  file: LogFile,
  from: number,
  size: number,
  number: bigint,
): Promise<boolean> {
  for (let start = from; start < size; start += CHUNK) {
    const bytes = await file.read(start, CHUNK + RECORD_HEAD);
    for (let at = 0; at + RECORD_HEAD <= bytes.length; at++) {
      // PERF: the mark's first byte first.
      if (bytes[at] !== (MARK & 0xff)) continue;
      const head = readHead(bytes, at);
      if (head === undefined || head.batch <= number) continue;
      if (await isWhole(file, start + at, head)) return true;
    }
  }
  return false;
}

async function isWhole(file: LogFile, at: number, { size, payloadCrc }: Head): Promise<boolean> {
  const payload = await file.read(at + RECORD_HEAD, size);
  return payload.length === size && crc32(payload) === payloadCrc;
}

/** @throws LogError for a segment of another version */
async function hasSegmentHead(file: LogFile, name: string): Promise<boolean> {
  const head = await file.read(0, SEGMENT_HEAD);
  if (head.length < SEGMENT_HEAD || !equalBytes(head.subarray(0, 8), MAGIC)) return false;
  const version = viewOf(head).getUint32(8, true);
  if (version === LOG_VERSION) return true;
  throw new LogError(
    'log/version',
    `${name} is of format ${version}, this program reads ${LOG_VERSION}: use the one that wrote it`,
    { details: { version } },
  );
}

function segmentHead(): Uint8Array {
  const head = new Uint8Array(SEGMENT_HEAD);
  head.set(MAGIC);
  viewOf(head).setUint32(8, LOG_VERSION, true);
  return head;
}

function encodeRecord(number: bigint, batch: bigint, payload: Uint8Array): Uint8Array {
  const record = new Uint8Array(RECORD_HEAD + payload.length);
  const view = viewOf(record);
  view.setUint32(0, MARK, true);
  view.setUint32(4, payload.length, true);
  view.setBigUint64(8, number, true);
  view.setBigUint64(16, batch, true);
  view.setUint32(24, crc32(payload), true);
  view.setUint32(28, crc32(record.subarray(0, 28)), true);
  record.set(payload, RECORD_HEAD);
  return record;
}

/** The head of a record, or undefined for what is none. */
function readHead(bytes: Uint8Array, at: number): Head | undefined {
  if (at + RECORD_HEAD > bytes.length) return undefined;
  const view = viewOf(bytes);
  if (view.getUint32(at, true) !== MARK) return undefined;
  if (crc32(bytes.subarray(at, at + 28)) !== view.getUint32(at + 28, true)) return undefined;
  return {
    size: view.getUint32(at + 4, true),
    number: view.getBigUint64(at + 8, true),
    batch: view.getBigUint64(at + 16, true),
    payloadCrc: view.getUint32(at + 24, true),
  };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function nameOf(first: bigint): string {
  return `${first.toString().padStart(16, '0')}.log`;
}

function damaged(name: string, offset: number, what: string): LogError {
  return new LogError(
    'log/damaged',
    `${name} is damaged at byte ${offset}: ${what}. Nothing was changed; restore it from a copy`,
    { details: { name, offset } },
  );
}
