/** What a suspended call asks of the host, and the answers' way into the cache of the view. */
import { EVMError } from '../errors.ts';
import * as layout from '../layout.ts';
import type { Account, Address, Awaitable, Hash, StateReader } from '../types.ts';
import { type Arena, EMPTY_CODE_HASH } from './arena.ts';
import type { Machine } from './instance.ts';
import type { MachineMemory } from './memory.ts';
import { readAddress, readHash, readWord, writeAddress, writeHash, writeWord } from './words.ts';

const SCRATCH = layout.GLOBALS + layout.G_SCRATCH;

/** A request where it lies. */
export interface RequestPlace {
  /** REQUEST_*. */
  readonly kind: number;
  /** Of its words: an account's address, and a slot, a block's number or a code's hash. */
  readonly address: number;
  readonly word: number;
}

/**
 * Answers the request in the context; a promise when the state answers by one. What comes after the
 * call was given up is dropped.
 */
export function serveRequest(
  machine: Machine,
  arena: Arena,
  state: StateReader,
  isWanted: () => boolean,
): Awaitable<void> {
  const { ctx } = arena;
  const kind = machine.memory.view().getUint32(ctx + layout.C_REQUEST, true);
  const words = {
    address: ctx + layout.C_REQUEST_ADDRESS,
    word: ctx + layout.C_REQUEST_SLOT,
  };
  return answerRequest(machine, arena, state, { kind, ...words }, isWanted);
}

/** The same for a request that lies elsewhere. */
export function answerRequest(
  machine: Machine,
  arena: Arena,
  state: StateReader,
  { kind, address: addressAt, word }: RequestPlace,
  isWanted: () => boolean = always,
): Awaitable<void> {
  const whenReady = <T>(answer: Awaitable<T>, use: (value: T) => void): Awaitable<void> => {
    if (answer instanceof Promise) {
      return answer.then((value) => {
        if (isWanted()) use(value);
      });
    }
    use(answer);
  };
  const view = machine.memory.view();
  const { ctx } = arena;
  const address = readAddress(view, addressAt);
  switch (kind) {
    case layout.REQUEST_ACCOUNT:
      return whenReady(state.getAccount(address), (account) =>
        putAccount(machine, arena, address, account),
      );
    case layout.REQUEST_SLOT: {
      const slot = readWord(view, word);
      return whenReady(state.getStorage(address, slot), (value) =>
        putSlot(machine, arena, address, slot, value),
      );
    }
    case layout.REQUEST_CODE: {
      const hash = readHash(machine.memory.bytes(), word);
      return whenReady(state.getCode(hash), (code) => putCode(machine, arena, hash, code));
    }
    case layout.REQUEST_HAS_STORAGE:
      return whenReady(state.hasStorage(address), (has) => {
        writeAddress(machine.memory.view(), SCRATCH, address);
        machine.runtime.viewPutHasStorage(ctx, SCRATCH, has ? 1 : 0);
      });
    case layout.REQUEST_BLOCK_HASH: {
      const number = view.getBigUint64(word, true);
      return whenReady(state.getBlockHash(number), (hash) =>
        putBlockHash(machine, arena, number, hash),
      );
    }
    default:
      throw new RangeError(`a call was suspended without a request (${kind})`);
  }
}

const always = (): boolean => true;

/** Puts bytes where the runtime takes them from. @throws EVMError when there is no room */
export function stage(memory: MachineMemory, arena: Arena, bytes: Uint8Array): void {
  const room = arena.stagingEnd - arena.staging;
  if (bytes.length > room) {
    throw new EVMError(
      'evm/host limit',
      `${bytes.length} bytes of code or output exceed the ${room} bytes of a context`,
      { size: bytes.length, limit: room },
    );
  }
  memory.bytes().set(bytes, arena.staging);
}

function stored(ok: number): void {
  if (ok !== 0) return;
  throw new EVMError('evm/host limit', 'no memory is left for the cache of the state');
}

export function putAccount(
  { memory, runtime }: Machine,
  { ctx }: Arena,
  address: Address,
  account: Account | undefined,
): void {
  const view = memory.view();
  writeAddress(view, SCRATCH, address);
  writeWord(view, SCRATCH + 32, account?.balance ?? 0n);
  writeHash(view, SCRATCH + 64, account?.codeHash ?? EMPTY_CODE_HASH);
  const exists = account === undefined ? 0 : 1;
  const nonce = account?.nonce ?? 0n;
  stored(runtime.viewPutAccount(ctx, SCRATCH, exists, nonce, SCRATCH + 32, SCRATCH + 64));
}

export function putSlot(
  { memory, runtime }: Machine,
  { ctx }: Arena,
  address: Address,
  slot: bigint,
  value: bigint,
): void {
  const view = memory.view();
  writeAddress(view, SCRATCH, address);
  writeWord(view, SCRATCH + 32, slot);
  writeWord(view, SCRATCH + 64, value);
  stored(runtime.viewPutSlot(ctx, SCRATCH, SCRATCH + 32, SCRATCH + 64));
}

/** Brings code into the cache by way of the arena's staging region. */
export function putCode(
  { memory, runtime }: Machine,
  arena: Arena,
  hash: Hash,
  code: Uint8Array,
): void {
  stage(memory, arena, code);
  writeHash(memory.view(), SCRATCH, hash);
  stored(runtime.codeCreate(arena.ctx, arena.staging, code.length, SCRATCH));
}

function putBlockHash({ memory }: Machine, { ctx }: Arena, number: bigint, hash: Hash): void {
  const view = memory.view();
  const at = ctx + layout.C_BLOCK_HASHES + Number(number & 255n) * layout.BLOCK_HASH_BYTES;
  view.setBigUint64(at, number + 1n, true);
  writeWord(view, at + 32, BigInt(hash));
}
