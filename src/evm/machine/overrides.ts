/**
 * What one call pretends of the state: a layer of its own over the block's versions, so that
 * nothing has to be undone and other calls see nothing of it. Semantics are those of the state
 * overrides of `eth_call` (geth, internal/ethapi/override).
 */
import { WordMap } from '../../base/word-map.ts';
import { EVMError } from '../errors.ts';
import type { AccountOverride, StateOverrides } from '../execution-options.ts';
import {
  checkAddress,
  checkBytes,
  checkObject,
  checkU64,
  checkWord,
  InputError,
} from '../input.ts';
import * as layout from '../layout.ts';
import type { Account, Address, Awaitable, Hash, StateReader } from '../types.ts';
import { type Arena, EMPTY_CODE_HASH } from './arena.ts';
import type { Machine } from './instance.ts';
import { stage } from './requests.ts';
import { readHash, readWord, writeAddress, writeHash, writeWord } from './words.ts';

const SCRATCH = layout.GLOBALS + layout.G_SCRATCH;

/** Accounts and slots of one call's overrides; more are a mistake. */
export const OVERRIDES_MAX = 100_000;

export type CheckedOverrides = readonly (readonly [Address, AccountOverride])[];

/** The overrides with every value checked, addresses in lower case. @throws InputError */
export function checkOverrides(value: StateOverrides): CheckedOverrides {
  checkObject('overrides', value);
  const entries = Object.entries(value).map(([key, override]) => {
    const address = checkAddress('an address of overrides', key);
    return [address, checkOverride(`overrides[${address}]`, override)] as const;
  });
  const slots = entries.reduce(
    (sum, [, { state, stateDiff }]) => sum + (state ?? stateDiff ?? new Map()).size,
    entries.length,
  );
  if (slots > OVERRIDES_MAX) {
    throw new InputError('overrides', slots, `at most ${OVERRIDES_MAX} accounts and slots`);
  }
  return entries;
}

function checkOverride(at: string, value: AccountOverride): AccountOverride {
  checkObject(at, value);
  const { balance, nonce, code, state, stateDiff } = value;
  if (balance !== undefined) checkWord(`${at}.balance`, balance);
  if (nonce !== undefined) checkU64(`${at}.nonce`, nonce);
  if (code !== undefined) checkBytes(`${at}.code`, code);
  if (state !== undefined && stateDiff !== undefined) {
    throw new InputError(at, 'both state and stateDiff', 'one of the two');
  }
  for (const [name, slots] of Object.entries({ state, stateDiff })) {
    if (slots === undefined) continue;
    if (!(slots instanceof Map || slots instanceof WordMap)) {
      throw new InputError(`${at}.${name}`, slots, 'a Map');
    }
    for (const [slot, word] of slots) {
      checkWord(`a slot of ${at}.${name}`, slot);
      checkWord(`a value of ${at}.${name}`, word);
    }
  }
  const target = value.movePrecompileToAddress;
  if (target === undefined) return value;
  const moved = checkAddress(`${at}.movePrecompileToAddress`, target);
  return { ...value, movePrecompileToAddress: moved };
}

/** Writes the overrides into `layer` and points the context at it; waits for accounts' rest. */
export function applyOverrides(
  machine: Machine,
  arena: Arena,
  layer: number,
  settings: {
    readonly overrides: CheckedOverrides;
    readonly state: StateReader;
    /** The block's versions, which lie below. */
    readonly versions: number;
  },
): Awaitable<void> {
  machine.runtime.layerClear(layer);
  machine.memory.view().setUint32(arena.ctx + layout.C_OVERRIDES, layer, true);
  const waits: Promise<void>[] = [];
  for (const [address, override] of settings.overrides) {
    const account = currentAccount(machine, address, settings);
    const write = (known: Current) => writeOverride(machine, arena, layer, known, override);
    if (account instanceof Promise) waits.push(account.then(write));
    else write(account);
  }
  if (waits.length > 0) return Promise.all(waits).then(() => {});
}

interface Current {
  readonly address: Address;
  readonly account: Account | undefined;
  /** Storage generation, and the code object where the block has made one. */
  readonly generation: number;
  readonly code: number;
}

/** The account as the block has it so far, else as the state has it. */
function currentAccount(
  { memory, runtime }: Machine,
  address: Address,
  { versions, state }: { readonly versions: number; readonly state: StateReader },
): Awaitable<Current> {
  const view = memory.view();
  writeAddress(view, SCRATCH, address);
  const at = runtime.layerFindAccount(versions, SCRATCH) >>> 0;
  if (at !== 0 && (view.getUint32(at + layout.A_FLAGS, true) & layout.ACCOUNT_ABSENT) === 0) {
    const exists = (view.getUint32(at + layout.A_FLAGS, true) & layout.ACCOUNT_EXISTS) !== 0;
    const account: Account = {
      nonce: view.getBigUint64(at + layout.A_NONCE, true),
      balance: readWord(view, at + layout.A_BALANCE),
      codeHash: readHash(memory.bytes(), at + layout.A_CODE_HASH),
    };
    return {
      address,
      account: exists ? account : undefined,
      generation: view.getUint32(at + layout.A_GENERATION, true),
      code: view.getUint32(at + layout.A_CODE, true),
    };
  }
  const found = state.getAccount(address);
  const current = (account: Account | undefined) => ({ address, account, generation: 0, code: 0 });
  return found instanceof Promise ? found.then(current) : current(found);
}

function writeOverride(
  machine: Machine,
  arena: Arena,
  layer: number,
  { address, account, generation, code }: Current,
  override: AccountOverride,
): void {
  const { memory, runtime } = machine;
  writeAddress(memory.view(), SCRATCH, address);
  const at = stored(runtime.layerPutAccount(layer, SCRATCH));
  const replaced = override.code === undefined ? undefined : putCode(machine, arena, override.code);
  const view = memory.view();
  writeWord(view, at + layout.A_BALANCE, override.balance ?? account?.balance ?? 0n);
  view.setBigUint64(at + layout.A_NONCE, override.nonce ?? account?.nonce ?? 0n, true);
  writeHash(view, at + layout.A_CODE_HASH, replaced?.hash ?? account?.codeHash ?? EMPTY_CODE_HASH);
  view.setUint32(at + layout.A_CODE, replaced?.object ?? code, true);
  // A storage of its own has a generation of its own: what lies below is not looked at.
  const own = override.state === undefined ? generation : generation + 1;
  view.setUint32(at + layout.A_GENERATION, own, true);
  const pretends = override.balance ?? override.nonce ?? override.code ?? override.state;
  const exists = account !== undefined || pretends !== undefined;
  view.setUint32(at + layout.A_FLAGS, exists ? layout.ACCOUNT_EXISTS : 0, true);
  let count = 0;
  for (const [slot, value] of override.state ?? override.stateDiff ?? []) {
    writeWord(memory.view(), SCRATCH + 32, slot);
    const entry = stored(runtime.layerPutSlot(layer, at, SCRATCH + 32));
    writeWord(memory.view(), entry + layout.S_VALUE, value);
    if (value !== 0n) count += 1;
  }
  memory.view().setUint32(at + layout.A_SLOT_COUNT, count, true);
}

function stored(entry: number): number {
  if (entry === 0) {
    throw new EVMError('evm/host limit', 'no memory is left for the overrides of a call');
  }
  return entry >>> 0;
}

/** The code's hash and object, by way of the arena's staging region. */
function putCode(
  { memory, runtime }: Machine,
  arena: Arena,
  code: Uint8Array,
): { readonly hash: Hash; readonly object: number } {
  stage(memory, arena, code);
  runtime.keccak256(SCRATCH + 64, arena.staging, code.length);
  const object = stored(runtime.codeCreate(arena.ctx, arena.staging, code.length, SCRATCH + 64));
  return { hash: readHash(memory.bytes(), SCRATCH + 64), object };
}
