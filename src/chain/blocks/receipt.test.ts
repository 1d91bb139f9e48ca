/**
 * Receipts' logs as the machine makes them, byte for byte against bloom and RLP made of the logs
 * here: records laid down in its memory, and what contracts leave there.
 */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../base/bytes.ts';
import { encodeRlp } from '../../base/rlp.ts';
import { createEVM } from '../../evm/evm.ts';
import { rulesOf } from '../../evm/forks/rules.ts';
import * as layout from '../../evm/layout.ts';
import { type Arena, reserveArena } from '../../evm/machine/arena.ts';
import { createMachine, type Machine } from '../../evm/machine/instance.ts';
import { createMemory } from '../../evm/machine/memory.ts';
import { type ReceiptLogs, readReceiptLogs } from '../../evm/machine/receipt-logs.ts';
import { copyLogs, decodeLogs } from '../../evm/machine/results.ts';
import { writeAddress, writeWord } from '../../evm/machine/words.ts';
import { plainTransaction } from '../../evm/plain-transaction.ts';
import type { Address, ExecutionResult, Hash, Log, Transaction } from '../../evm/types.ts';
import { MemoryState } from '../../state/memory.ts';
import { ForkTimeline } from '../chain-spec.ts';
import { BlockRun } from '../executor/sequential.ts';
import { BLANK_TRANSACTION } from '../transactions/blank.ts';
import { encodeTransaction } from '../transactions/encode.ts';
import { addressOfKey, signTransaction } from '../transactions/signature.ts';
import { BLOOM_BYTES, logsBloom } from './bloom.ts';
import { genesisHeader } from './genesis.ts';
import { decodeReceipt, encodeReceipt, type Receipt, receiptOf } from './receipt.ts';
import { depositsIn, requestsHash } from './requests.ts';

const SIZES = [0, 1, 2, 31, 32, 33, 54, 55, 56, 57, 127, 128, 129, 255, 256, 257, 65_535, 70_000];
const MEMORIES = [
  { memory: 'shared', shared: true },
  { memory: 'not shared', shared: false },
];

/** What is laid behind each log's data, and around what is written: nobody's business. */
const GARBAGE = 0xa5;

const address = fc
  .uint8Array({ minLength: 20, maxLength: 20 })
  .map((b): Address => `0x${b.toHex()}`);
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((b): Hash => `0x${b.toHex()}`);
/** Few, so that they come again: as address, and as topic of the same number. */
const someone = fc.constantFrom<Address>(
  `0x${'00'.repeat(20)}`,
  `0x${'00'.repeat(19)}01`,
  `0x${'ff'.repeat(20)}`,
  `0x${'c0de'.repeat(10)}`,
);
const topic = fc.oneof(
  hash,
  someone.map((number): Hash => `0x${number.slice(2).padStart(64, '0')}`),
  fc.constant<Hash>(`0x${'ff'.repeat(32)}`),
);
const data = fc
  .record({ size: fc.constantFrom(...SIZES), byte: fc.constantFrom(0, 1, 0x7f, 0x80, 0xff) })
  .map(({ size, byte }) => Uint8Array.from({ length: size }, (_, i) => (byte + 31 * i) & 0xff));
const log: fc.Arbitrary<Log> = fc.record({
  address: fc.oneof(address, someone),
  topics: fc.array(topic, { maxLength: 4 }),
  data: fc.oneof(data, fc.uint8Array({ maxLength: 300 })),
});

interface Place {
  readonly machine: Machine;
  readonly arena: Arena;
}

function makePlace(shared: boolean): Place {
  const memory = createMemory({ shared });
  const room = 1 << 16;
  const sizes = { inputs: room, staging: 4 << 20, logs: 4 << 20, journal: room, evmMemory: room };
  const arena = reserveArena(memory, sizes);
  memory.startHeap(1 << 20);
  return { machine: createMachine(memory, rulesOf('osaka')), arena };
}

/** Lays records down as the runtime does (runtime/logs.ts). */
function putLogs({ machine, arena: { ctx } }: Place, logs: readonly Log[]): void {
  const view = machine.memory.view();
  let at = view.getUint32(ctx + layout.C_LOG_BASE, true);
  for (const { address, topics, data } of logs) {
    const start = at + 48 + 32 * topics.length;
    const end = start + 32 * Math.ceil(data.length / 32);
    machine.memory.bytes().fill(GARBAGE, at, end);
    view.setUint32(at, end - at, true);
    view.setUint32(at + 4, topics.length, true);
    view.setUint32(at + 8, data.length, true);
    writeAddress(view, at + 16, address);
    topics.forEach((word, i) => writeWord(view, at + 48 + 32 * i, BigInt(word)));
    machine.memory.bytes().set(data, start);
    at = end;
  }
  view.setUint32(ctx + layout.C_LOG_TOP, at, true);
}

/** The machine's answer in a staging region of so many bytes; nothing is written past it. */
function made({ machine, arena }: Place, room: number): ReceiptLogs | undefined {
  const stagingEnd = arena.staging + room;
  const after = machine.memory
    .bytes()
    .subarray(stagingEnd, stagingEnd + 64)
    .fill(GARBAGE);
  const answer = readReceiptLogs(machine, { ...arena, stagingEnd });
  expect(after.every((byte) => byte === GARBAGE)).toBe(true);
  return answer;
}

const encoded = (logs: readonly Log[]): Uint8Array =>
  concatBytes(...logs.map(({ address, topics, data }) => encodeRlp([address, topics, data])));

function expectLogs(answer: ReceiptLogs | undefined, logs: readonly Log[]): void {
  expect(answer?.bloom.toHex()).toBe(logsBloom(logs).toHex());
  // As a buffer: hundreds of kilobytes are not compared digit by digit.
  expect(Buffer.compare(answer?.encoded as Uint8Array, encoded(logs))).toBe(0);
}

/** Logs as they are compared quickly. */
const digits = (logs: readonly Log[]) =>
  logs.map(({ address, topics, data }) => [address, topics, data.toHex()]);

const FIELDS = {
  type: 2,
  succeeded: true,
  stateRoot: undefined,
  cumulativeGasUsed: 21_000n,
  gasUsed: 21_000n,
  contractAddress: undefined,
} as const;

describe.each(MEMORIES)('logs of a receipt, in memory that is $memory', ({ shared }) => {
  const place = makePlace(shared);
  const wholeRoom = place.arena.stagingEnd - place.arena.staging - 64;

  it('are what the encoder and the hashes make of them', () => {
    fc.assert(
      fc.property(fc.array(log, { maxLength: 12 }), (logs) => {
        putLogs(place, logs);
        expectLogs(made(place, wholeRoom), logs);
      }),
      { numRuns: 300 },
    );
  });

  it.each(SIZES)('with data of %i bytes and 0 to 4 topics', (size) => {
    for (const first of [0, 0x7f, 0x80, 0xff]) {
      const logs = Array.from({ length: 5 }, (_, count): Log => {
        const topics = Array.from({ length: count }, (_, i): Hash => `0x${`1${i}`.repeat(32)}`);
        return { address: `0x${'ab'.repeat(20)}`, topics, data: new Uint8Array(size).fill(first) };
      });
      putLogs(place, logs);
      expectLogs(made(place, wholeRoom), logs);
    }
  });

  it('are thousands, of more contracts and events than are remembered, one after another', () => {
    const many = (count: number, kinds: number) =>
      Array.from({ length: count }, (_, i): Log => {
        const number = ((i * 7) % kinds).toString(16);
        const topics: Hash[] = [`0x${number.padStart(64, '0')}`, `0x${number.padStart(64, 'e')}`];
        return { address: `0x${number.padStart(40, '0')}`, topics, data: Uint8Array.of(i & 0xff) };
      });
    for (const logs of [many(6_000, 3_000), many(6_000, 50), many(1, 1), many(0, 1)]) {
      putLogs(place, logs);
      expectLogs(made(place, wholeRoom), logs);
    }
  });

  it('are left to others where there is no room for them', () => {
    fc.assert(
      fc.property(fc.array(log, { maxLength: 3 }), fc.nat(), (logs, pick) => {
        putLogs(place, logs);
        const size = BLOOM_BYTES + encoded(logs).length;
        for (const room of [0, 255, size - 1, pick % size]) {
          if (room < size) expect(made(place, room)).toBeUndefined();
        }
        expectLogs(made(place, size), logs);
      }),
    );
  });

  it('are decoded when somebody looks, and make the same receipt', () => {
    fc.assert(
      fc.property(fc.array(log, { maxLength: 6 }), fc.boolean(), (logs, isTyped) => {
        putLogs(place, logs);
        const fields = { ...FIELDS, type: isTyped ? 2 : 0 } as const;
        const receipt = receiptOf(fields, made(place, wholeRoom) as ReceiptLogs);
        const bytes = encodeReceipt(receipt);
        const plain: Receipt = { ...fields, bloom: logsBloom(logs), logs };
        expect(Buffer.compare(bytes, encodeReceipt(plain))).toBe(0);
        expect(Buffer.compare(encodeReceipt({ ...receipt }), bytes)).toBe(0);
        expect(digits(receipt.logs)).toEqual(digits(logs));
        expect(digits(decodeReceipt(bytes).logs)).toEqual(digits(logs));
        const copied = decodeLogs(copyLogs(place.machine, place.arena));
        expect(digits(copied)).toEqual(digits(logs));
      }),
    );
  });
});

const SENDER: Address = `0x${'5e'.repeat(20)}`;
const CONTRACT: Address = `0x${'c0'.repeat(20)}`;
const CHILD: Address = `0x${'c1'.repeat(20)}`;
/** Answers by way of the host, so that its output is staged. */
const SHA256: Address = `0x${'02'.padStart(40, '0')}`;
/** LOG of so many topics, all the number of bytes, of the call data's first bytes. */
const logging = (topics: number, size: number): string =>
  `365f5f37${`60${hexByte(size)}`.repeat(topics + 1)}5f${hexByte(0xa0 + topics)}`;
const hexByte = (value: number): string => value.toString(16).padStart(2, '0');
const REVERT = '5f5ffd';
/** CALL with 3 wei and the call data, its success dropped. */
const CALL_CHILD = `5f5f365f600373${CHILD.slice(2)}5af150`;

function stateWith(codes: Readonly<Record<Address, string>>, sender: Address = SENDER) {
  const state = new MemoryState();
  const account = { nonce: 0n, balance: 10n ** 20n, code: new Uint8Array(0), storage: [] };
  state.setAccount(sender, account);
  for (const [at, code] of Object.entries(codes)) {
    state.setAccount(at as Address, { ...account, code: Uint8Array.fromHex(code) });
  }
  return state;
}

describe.each(MEMORIES)('a transaction, in memory that is $memory', ({ shared }) => {
  const run = async (
    fork: 'osaka' | 'amsterdam' | 'cancun',
    codes: Readonly<Record<Address, string>>,
    given: Partial<Transaction> = {},
    receiptLogs = true,
  ): Promise<ExecutionResult> => {
    const state = stateWith(codes);
    const evm = createEVM({ fork, state, engine: 'interpreter', sharedMemory: shared });
    const input = Uint8Array.from({ length: 200 }, (_, i) => i);
    const fields = { sender: SENDER, to: CONTRACT, gasLimit: 1_000_000n, data: input };
    const transaction = plainTransaction({ ...fields, ...given });
    const result = await evm.transact(transaction, { receiptLogs });
    if (result.status === 'refused') throw new Error(result.message);
    return result;
  };
  const code = [0, 1, 2, 3, 4].map((topics) => logging(topics, 40 + 10 * topics)).join('');

  it('answers bloom and RLP where they are asked for', async () => {
    const result = await run('osaka', { [CONTRACT]: code });
    expect(result.logs).toHaveLength(5);
    expectLogs(result.receiptLogs, result.logs);
    expect((await run('osaka', { [CONTRACT]: code }, {}, false)).receiptLogs).toBeUndefined();
  });

  it('leaves out what was reverted', async () => {
    const child = code + REVERT;
    const kept = await run('osaka', { [CONTRACT]: code + CALL_CHILD + code, [CHILD]: child });
    expect(kept.logs).toHaveLength(10);
    expectLogs(kept.receiptLogs, kept.logs);
    const { status, receiptLogs } = await run('osaka', { [CONTRACT]: child });
    expect(status).toBe('revert');
    expectLogs(receiptLogs, []);
  });

  it('has the transfers of ether in them (EIP-7708)', async () => {
    const codes = { [CONTRACT]: code + CALL_CHILD + code, [CHILD]: code };
    const { logs, receiptLogs } = await run('amsterdam', codes, { value: 5n });
    const system = logs.filter(({ address }) => address === `0x${'ff'.repeat(19)}fe`);
    expect([logs.length, system.length]).toEqual([17, 2]);
    expectLogs(receiptLogs, logs);
  });

  it('keeps the output of a precompile, which lies in the same place', async () => {
    const given = { to: SHA256, value: 5n };
    const { output, logs, receiptLogs } = await run('amsterdam', {}, given);
    expect(output.toHex()).toBe((await run('amsterdam', {}, given, false)).output.toHex());
    expect(output).toHaveLength(32);
    expect(logs).toHaveLength(1);
    expectLogs(receiptLogs, logs);
  });
});

describe('a receipt', () => {
  it('is made of the logs themselves where the machine has no room for their RLP', async () => {
    const key = new Uint8Array(32).fill(7);
    // LOG0 of a MiB, as often as the call data says.
    const code = '6000355b621000006000a0600190038060035700';
    const state = stateWith({ [CONTRACT]: code }, addressOfKey(key));
    const spec = { chainId: 1n, forks: [{ fork: 'london' }] } as const;
    const genesis = genesisHeader(spec, {
      coinbase: SENDER,
      stateRoot: state.root(),
      gasLimit: 1_000_000_000n,
      baseFeePerGas: 7n,
    });
    const header = { ...genesis, number: 1n };
    const blockRules = new ForkTimeline(spec).at({ ...header, parentTotalDifficulty: 0n });
    const evm = createEVM({ rules: blockRules.rules, engine: 'interpreter' });
    const block = new BlockRun({ spec, blockRules, evm, state }, header);
    await block.begin();
    const receipts: Receipt[] = [];
    for (const [index, rounds] of [1, 17].entries()) {
      const transaction = {
        ...BLANK_TRANSACTION,
        type: 0,
        nonce: BigInt(index),
        maxFeePerGas: 7n,
        maxPriorityFeePerGas: 7n,
        gasLimit: 300_000_000n,
        to: CONTRACT,
        data: Uint8Array.fromHex(hexByte(rounds).padStart(64, '0')),
        v: 27n,
      } as const;
      const bytes = encodeTransaction(signTransaction(transaction, key));
      receipts.push(await block.transact(bytes));
    }
    expect(receipts.map(({ encoding }) => encoding === undefined)).toEqual([false, true]);
    expect(receipts.map(({ logs }) => logs.length)).toEqual([1, 17]);
    for (const receipt of receipts) {
      const { cumulativeGasUsed, logs } = receipt;
      expect(receipt.bloom.toHex()).toBe(logsBloom(logs).toHex());
      const items = logs.map(({ address, topics, data }) => [address, topics, data]);
      const bytes = encodeRlp([1n, cumulativeGasUsed, receipt.bloom, items]);
      expect(Buffer.compare(encodeReceipt(receipt), bytes)).toBe(0);
    }
  });

  it('is looked into for deposits where its bloom says that there may be one', () => {
    const event = '0x649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5';
    const words = [160, 256, 320, 384, 512].map((at) => at.toString(16).padStart(64, '0'));
    const field = (size: number) =>
      size.toString(16).padStart(64, '0') +
      'd'.repeat(2 * size).padEnd(64 * Math.ceil(size / 32), '0');
    const bytes = Uint8Array.fromHex(words.join('') + [48, 32, 8, 96, 8].map(field).join(''));
    const deposit: Log = { address: CONTRACT, topics: [event], data: bytes };
    const unseen = {
      bloom: logsBloom([{ ...deposit, address: CHILD }]),
      get logs(): Log[] {
        throw new Error('looked at');
      },
    };
    const seen = { bloom: logsBloom([deposit]), logs: [{ ...deposit, address: CHILD }, deposit] };
    expect(depositsIn([unseen, seen, unseen, seen], CONTRACT).toHex()).toBe(
      'd'.repeat(2 * 2 * 192),
    );
    expect(depositsIn([unseen], CONTRACT)).toHaveLength(0);
    const elsewhere = { ...deposit, address: CHILD };
    const there = { bloom: logsBloom([elsewhere]), logs: [elsewhere] };
    expect(depositsIn([there, there], CHILD).toHex()).toBe('d'.repeat(2 * 2 * 192));
    expect(depositsIn([there], CONTRACT)).toHaveLength(0);
    expect(depositsIn([seen], CONTRACT)).toHaveLength(192);
  });

  it('hash of requests: SHA-256 over that of each, of none over nothing', () => {
    const sha256 = (...parts: readonly Uint8Array[]) => {
      const hashing = createHash('sha256');
      for (const part of parts) hashing.update(part);
      return hashing.digest();
    };
    const requests = [Uint8Array.of(0, 1), Uint8Array.of(2, 3, 4)];
    const hashes = requests.map((request) => sha256(request));
    expect(requestsHash([])).toBe(`0x${sha256().toHex()}`);
    expect(requestsHash(requests)).toBe(`0x${sha256(...hashes).toHex()}`);
  });
});
