/**
 * A state to begin with and random blocks upon it, from transactions that have nothing to do with
 * each other to those that all meet: transfers, tokens, creations, self-destructions, failures,
 * delegations, precompiles, what the coinbase has, old hashes. Contracts mix what they find into
 * what they write by sums that depend on the order, so that no two orders come to the same.
 */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { keccak256 } from '../../src/base/keccak.ts';
import type { BlockRequest } from '../../src/chain/block-builder.ts';
import type { ChainBlock } from '../../src/chain/block-tree.ts';
import { firstBlock, genesisHeader } from '../../src/chain/blocks/genesis.ts';
import type { ChainSpec } from '../../src/chain/chain-spec.ts';
import { BLANK_TRANSACTION } from '../../src/chain/transactions/blank.ts';
import { encodeTransaction } from '../../src/chain/transactions/encode.ts';
import {
  addressOfKey,
  signAuthorization,
  signTransaction,
} from '../../src/chain/transactions/signature.ts';
import type { SignedTransaction, TransactionType } from '../../src/chain/transactions/types.ts';
import type { Address, Hash } from '../../src/evm/types.ts';
import { MemoryState } from '../../src/state/memory.ts';

export const WORLD_FORKS = ['shanghai', 'cancun', 'prague', 'osaka', 'amsterdam'] as const;
export type WorldFork = (typeof WORLD_FORKS)[number];

const CHAIN_ID = 1n;
const ETHER = 10n ** 18n;
const FEE = 1_000_000_000n;
/** Of a transaction; some contracts take all of it. Less is enough for transfers alone. */
const GAS = 180_000n;
const GAS_OF_A_TRANSFER = 30_000n;
/** What blocks may take: all that is offered, or a part. */
const GAS_LIMITS = [30_000_000n, 30_000_000n, 1_500_000n, 400_000n] as const;

const word = (value: bigint | number): string => value.toString(16).padStart(64, '0');
const zeros = (bytes: number): string => '00'.repeat(bytes);
const address = (digits: string): Address => `0x${digits.repeat(20)}`;
export const COINBASE: Address = address('c0');
const NOBODY = address('ee');
/** They are not there until somebody gives them something. */
const NEWCOMERS = ['e0', 'e1', 'e2'].map(address);

interface Key {
  readonly key: Uint8Array;
  readonly address: Address;
}

const SENDERS: readonly Key[] = Array.from({ length: 20 }, (_, index) => {
  const key = keccak256(Uint8Array.of(77, index));
  return { key, address: addressOfKey(key) };
});
export const SENDER_ADDRESSES: readonly Address[] = SENDERS.map((sender) => sender.address);
/** The last of them has what one of its transactions costs. */
const POOR = SENDER_ADDRESSES.at(-1);

/** slot 0 = 3 * slot 0 + the first word given + the caller. */
const MIX = '5f5460030233015f35015f5500';
/** Init code that sets a slot and returns one byte of code. */
const INIT = '60015f555f5f5360015ff3';
/** Counts in a slot or, given an address, destroys itself; and init code that returns it. */
const MORTAL = '5f35600d575f546001015f55005b5f35ff';
const MORTAL_INIT = `70${MORTAL}5f526011600ff3`;
const FACTORY = address('10');
/** Counts in a slot and destroys itself; init code that returns it. */
const PASSER_INIT = '685f546001015f5533ff5f5260096017f3';
const PASSING = address('12');
const TOKEN = address('20');
const PRECOMPILES = address('21');
const POOL = address('22');

const CONTRACTS: Readonly<Record<Address, string>> = {
  [address('01')]: MIX,
  // One slot of each caller, and nobody else's.
  [address('02')]: '3354600101335500',
  // Gives what it was given, and half of what it has, to whom the data names.
  [address('03')]: '5f5f5f5f345f355af15f5500',
  [address('04')]: '5f5f5f5f600247045f355af15000',
  // Keeps the balance, and the code's hash and size, of whom the data names.
  [address('05')]: '5f35315f355500',
  [address('06')]: '5f353f5f355500',
  [address('16')]: '5f353b5f54600302015f5500',
  // Creates, by its nonce and by a salt.
  [address('07')]: `6a${INIT}5f52600b60155ff05f5500`,
  [address('08')]: `6a${INIT}5f525f35600b60155ff55f355500`,
  // Destroys itself; reverts after it has set a slot; runs out of gas.
  [address('09')]: '5f35ff',
  [address('0a')]: '60015f555f5ffd',
  [address('0b')]: '60015f555b600556',
  // Creates one that dies, each time at the same address; one that comes, is called, and goes.
  [FACTORY]: `78${MORTAL_INIT}5f525f601960075ff55000`,
  [PASSING]: `70${PASSER_INIT}5f525f6011600f5ff55f5f5f5f5f855af1505000`,
  // Calls whom the data names; leaves a log with a topic.
  [address('0c')]: '5f5f5f5f5f5f355af15000',
  [address('0d')]: '5f545f526020355f3560405fa25f546001015f5500',
  // The same in a frame that may write nothing, and in its own name.
  [address('0e')]: '5f5f5f5f5f355afa5f546003020133015f5500',
  [address('0f')]: '5f5f5f5f5f355af45000',
  // The hash of a block, and what the coinbase has, under the word that is given.
  [address('17')]: '5f35405f355500',
  [address('18')]: '41315f355500',
  // Counts in transient storage, which is empty at first, and adds that up (EIP-1153).
  [address('19')]: '5f5c6001015f5d5f5c6003025f54015f5500',
  // The hash of a blob (EIP-4844).
  [address('1a')]: '5f495f54015f5500',
  // Which slot is written is what another one says.
  [POOL]: '5f5460031660010180543301905560015f54015f5500',
  // (to, amount): from the caller's balance to the other, or reverts; a log of it.
  [TOKEN]: '60203580335410602357803354033355' + '5f3554015f35556020355f525f3560205fa1005b5f5ffd',
  // (address, input...): calls a precompile, keeps the sum of what it gives.
  [PRECOMPILES]:
    '6020360360205f37' + '60405f602036035f5f355afa' + '5f51015f546003020180335560215101' + '5f5500',
};
const BORN_AGAIN = createdBy(FACTORY, MORTAL_INIT);

/** EIP-4788, EIP-2935, EIP-7002, EIP-7251: here they mix what they are called with. */
const SYSTEM_CONTRACTS: readonly Address[] = [
  '0x000f3df6d732807ef1319fb7b8bb8522d0beac02',
  '0x0000f90827f1c53a10cb7a02335b175320002935',
  '0x00000961ef480eb55e80d19ad83579a64c007002',
  '0x0000bbddc7ce488642fb579f8b00f3a590007251',
];

/** The commitment to the polynomial that is zero, which is its proof as well. */
const INFINITY = `c0${zeros(47)}`;
const KZG_HASH = createHash('sha256').update(Uint8Array.fromHex(INFINITY)).digest('hex').slice(2);
/** What ECRECOVER is given: a hash and its signature. */
export const RECOVERY: string =
  '456e9aea5e197a1f1af7a3e85a3212fa4049a3ba34c2289b4c860fc0b0c64ef3' +
  word(28) +
  '9242685bf161793cc25603c231bc2f568eb630ea16aa137d2664ac8038825608' +
  '4f8ae3bd7535248d0bd448298cc2e2071e56992d0774dc340c368ae950852ada';
/** A precompile and what it is given. */
const PRECOMPILE_CALLS: readonly string[] = [
  word(1) + RECOVERY,
  word(2) + word(7),
  word(3) + word(7),
  word(4) + word(9),
  `${word(5) + word(1) + word(1) + word(1)}030507`,
  word(5) + word(32) + word(32) + word(32) + word(11) + 'ff'.repeat(32) + 'fd'.repeat(32),
  word(6) + word(1) + word(2) + word(1) + word(2),
  word(8) + zeros(192),
  word(8),
  `${word(10)}01${KZG_HASH}${word(0)}${word(0)}${INFINITY}${INFINITY}`,
  word(11) + zeros(256),
  word(15) + zeros(384),
];

const FIXED = [
  ...Object.keys(CONTRACTS),
  ...SENDER_ADDRESSES,
  COINBASE,
  NOBODY,
  ...NEWCOMERS,
] as Address[];
const TARGETS: readonly Address[] = [
  ...FIXED,
  ...Array.from({ length: 4 }, () => BORN_AGAIN),
  ...['01', '04', '05', '10', '18', '20', '21', '22'].map(address),
  ...SYSTEM_CONTRACTS,
];
/** What a transaction meets others at. */
const KINDS: Readonly<Record<string, readonly Address[]>> = {
  mixed: TARGETS,
  tokens: [TOKEN],
  transfers: [...SENDER_ADDRESSES, COINBASE, NOBODY, address('18'), address('05')],
  disputed: [...['01', '04', '0a', '0b', '18'].map(address), POOL],
  reborn: [FACTORY, BORN_AGAIN, BORN_AGAIN, PASSING, address('06'), address('16'), address('0c')],
  machines: [PRECOMPILES],
  newcomers: [address('03'), address('03'), address('06'), ...NEWCOMERS],
  delegated: SENDER_ADDRESSES.slice(0, 3),
};
/** Accounts that a block may have changed, beside those that it creates. */
export const WATCHED: readonly Address[] = [
  ...new Set([...FIXED, BORN_AGAIN, ...SYSTEM_CONTRACTS]),
];
/** Slots that contracts write. */
export const WATCHED_SLOTS: readonly bigint[] = [0n, 1n, 2n, 3n, 4n, ...WATCHED.map(BigInt)];

/** A transaction to be signed. */
interface Sent {
  readonly sender: number;
  readonly to: Address | undefined;
  readonly named: Address;
  readonly amount: bigint;
  readonly input: string;
  readonly value: bigint;
  readonly tip: bigint;
  readonly type: TransactionType;
  readonly isCheap: boolean;
  readonly authority: number | undefined;
  readonly delegate: Address;
  /** How far from the sender's next nonce; what is wrong is refused. */
  readonly nonceOff: bigint;
}

const often = <T>(times: number, value: T): T[] => Array.from({ length: times }, () => value);

const sentTo = (targets: readonly Address[]): fc.Arbitrary<Sent> =>
  fc.record({
    sender: fc.oneof(fc.nat(SENDERS.length - 1), fc.nat(1)),
    to: fc.option(fc.constantFrom(...targets), { nil: undefined, freq: 24 }),
    named: fc.constantFrom(
      ...TARGETS,
      ...often(10, address('00')),
      ...often(4, COINBASE),
      ...NEWCOMERS,
      ...NEWCOMERS,
      ...NEWCOMERS,
      ...NEWCOMERS,
    ),
    amount: fc.bigInt(0n, 3n),
    input: fc.constantFrom(...PRECOMPILE_CALLS),
    value: fc.constantFrom(...often(4, 0n), 1n, 777n, ETHER),
    tip: fc.constantFrom(0n, 1n, 900n),
    type: fc.constantFrom<TransactionType>(0, 0, 1, 1, ...often<TransactionType>(8, 2), 3),
    isCheap: fc.constantFrom(true, ...often(5, false)),
    authority: fc.oneof(
      { arbitrary: fc.constant(undefined), weight: 6 },
      { arbitrary: fc.nat(SENDERS.length - 1), weight: 1 },
      { arbitrary: fc.nat(2), weight: 1 },
    ),
    delegate: fc.constantFrom(...(Object.keys(CONTRACTS) as Address[]), address('00')),
    nonceOff: fc.constantFrom(...often(60, 0n), 1n, -1n),
  });

/** Each has a sender of its own and meets nobody. */
const apart: fc.Arbitrary<readonly Sent[]> = fc
  .array(sentTo([address('02'), TOKEN, NOBODY]), { minLength: 8, maxLength: SENDERS.length - 1 })
  .map((all) =>
    all.map((sent, index) => {
      const fresh: Address = `0x${(0xf000_0000 + index).toString(16).padStart(40, '0')}`;
      const to = sent.to === NOBODY ? fresh : sent.to;
      return { ...sent, sender: index, to, named: fresh, nonceOff: 0n, authority: undefined };
    }),
  );

export interface RandomBlock {
  readonly sent: readonly Sent[];
  readonly withdrawn: readonly Address[];
  /** Whether the next block is imported, built and imported, or built and kept. */
  readonly way: 'import' | 'build' | 'produce';
  /** Which transaction is left out of a block that is no longer valid. */
  readonly without: number | undefined;
}

const randomBlock: fc.Arbitrary<RandomBlock> = fc.record({
  sent: fc.oneof(
    apart,
    ...Object.values(KINDS).map((targets) =>
      fc.array(sentTo(targets), { minLength: 4, maxLength: 28 }),
    ),
  ),
  withdrawn: fc.array(fc.constantFrom(COINBASE, BORN_AGAIN, NOBODY, ...SENDER_ADDRESSES), {
    maxLength: 3,
  }),
  way: fc.constantFrom('import', 'build', 'produce'),
  without: fc.option(fc.nat(7), { nil: undefined, freq: 1 }),
});

export interface RandomChain {
  readonly fork: WorldFork;
  readonly gasLimit: bigint;
  readonly blocks: readonly RandomBlock[];
}

/** Of so many blocks. */
export function randomChain(length: fc.ArrayConstraints): fc.Arbitrary<RandomChain> {
  return fc.record({
    // Shanghai's accounts go when they destroy themselves, and come again.
    fork: fc.constantFrom('shanghai', ...WORLD_FORKS),
    gasLimit: fc.constantFrom(...GAS_LIMITS),
    blocks: fc.array(randomBlock, length),
  });
}

export interface World {
  readonly spec: ChainSpec;
  readonly genesis: ChainBlock;
  readonly state: MemoryState;
}

export function worldOf({ fork, gasLimit }: Pick<RandomChain, 'fork' | 'gasLimit'>): World {
  const state = new MemoryState();
  const put = (at: Address, balance: bigint, code = '', nonce = 0n) => {
    const storage: [bigint, bigint][] =
      at === TOKEN ? SENDER_ADDRESSES.map((owner) => [BigInt(owner), 3n]) : [];
    if (at === BORN_AGAIN) storage.push([0n, 5n]);
    state.setAccount(at, { nonce, balance, code: Uint8Array.fromHex(code), storage });
  };
  for (const at of SENDER_ADDRESSES) put(at, at === POOR ? GAS * FEE : 100n * ETHER);
  put(COINBASE, 1n);
  put(BORN_AGAIN, 0n, MORTAL, 1n);
  for (const [at, code] of Object.entries(CONTRACTS)) put(at as Address, 5_000n, code, 1n);
  for (const at of SYSTEM_CONTRACTS) put(at, 0n, MIX, 1n);
  const spec: ChainSpec = { chainId: CHAIN_ID, forks: [{ fork }] };
  const header = genesisHeader(spec, {
    coinbase: COINBASE,
    stateRoot: state.root(),
    gasLimit,
    timestamp: 1_700_000_000n,
    baseFeePerGas: 1_000n,
  });
  return { spec, genesis: firstBlock(header), state };
}

/** What is asked of whoever builds the block; `nonceOf`: upon its parent. */
export function requestOf(
  { sent, withdrawn }: RandomBlock,
  fork: WorldFork,
  parent: Pick<ChainBlock, 'header'>,
  nonceOf: ReadonlyMap<Address, bigint>,
): BlockRequest {
  const nonces = new Map(nonceOf);
  const withdrawals = withdrawn.map((at, index) => {
    const amount = BigInt(1 + index);
    return { index: BigInt(index), validatorIndex: 1n, address: at, amount };
  });
  return {
    timestamp: parent.header.timestamp + 12n,
    coinbase: COINBASE,
    prevRandao: word(parent.header.number).replace(/^/, '0x') as Hash,
    transactions: sent.map((each) => signed(each, fork, nonces)),
    withdrawals,
  };
}

export async function noncesIn(state: {
  getAccount(at: Address): unknown;
}): Promise<ReadonlyMap<Address, bigint>> {
  const nonces = new Map<Address, bigint>();
  for (const at of SENDER_ADDRESSES) {
    const account = (await state.getAccount(at)) as { readonly nonce: bigint } | undefined;
    nonces.set(at, account?.nonce ?? 0n);
  }
  return nonces;
}

/** Signed with the sender's next nonce; nonces are counted as if none were refused. */
function signed(sent: Sent, fork: WorldFork, nonces: Map<Address, bigint>): Uint8Array {
  const { sender, to, named, amount, value, tip, nonceOff } = sent;
  const from = SENDERS[sender] as Key;
  const next = nonces.get(from.address) ?? 0n;
  if (nonceOff === 0n) nonces.set(from.address, next + 1n);
  const type = typeOf(sent, fork);
  const given = to === PRECOMPILES ? sent.input : named.slice(2).padStart(64, '0') + word(amount);
  const isDynamic = type >= 2;
  const isCheap = sent.isCheap && to !== undefined && to !== PRECOMPILES && type !== 4;
  const fee = FEE / 2n + tip;
  const transaction: SignedTransaction = {
    ...BLANK_TRANSACTION,
    type,
    chainId: type === 0 ? 0n : CHAIN_ID,
    v: type === 0 ? 27n : 0n,
    nonce: next + nonceOff < 0n ? 0n : next + nonceOff,
    maxFeePerGas: isDynamic ? FEE : fee,
    maxPriorityFeePerGas: isDynamic ? tip : fee,
    gasLimit: isCheap ? GAS_OF_A_TRANSFER : GAS,
    to,
    value,
    data: Uint8Array.fromHex(to === undefined ? INIT : given),
    accessList: type === 1 && to ? [{ address: to, storageKeys: [`0x${word(0)}`] }] : [],
    authorizationList: type === 4 ? [authorized(sent, nonces)] : [],
    ...(type === 3
      ? { maxFeePerBlobGas: 1_000n, blobVersionedHashes: [`0x01${word(amount).slice(2)}`] }
      : {}),
  };
  return encodeTransaction(signTransaction(transaction, from.key));
}

/** A first transaction of a sender, to nobody. */
export function sentBy(
  sender: number,
  given: Partial<Omit<SignedTransaction, 'v' | 'r' | 's'>>,
): Uint8Array {
  const transaction: SignedTransaction = {
    ...BLANK_TRANSACTION,
    type: 2,
    chainId: CHAIN_ID,
    maxFeePerGas: FEE,
    to: NOBODY,
    ...given,
  };
  return encodeTransaction(signTransaction(transaction, (SENDERS[sender] as Key).key));
}

function typeOf({ type, to, authority }: Sent, fork: WorldFork): TransactionType {
  if (authority !== undefined && to !== undefined && fork !== 'shanghai' && fork !== 'cancun') {
    return 4;
  }
  return type === 3 && (fork === 'shanghai' || to === undefined) ? 2 : type;
}

function authorized({ authority, delegate }: Sent, nonces: Map<Address, bigint>) {
  const by = SENDERS[authority as number] as Key;
  const nonce = nonces.get(by.address) ?? 0n;
  nonces.set(by.address, nonce + 1n);
  const fields = { chainId: CHAIN_ID, address: delegate, nonce, yParity: 0n, r: 0n, s: 0n };
  return signAuthorization(fields, by.key);
}

/** Where CREATE2 creates with a salt of zero. */
function createdBy(factory: Address, init: string): Address {
  const codeHash = keccak256(Uint8Array.fromHex(init)).toHex();
  const bytes = Uint8Array.fromHex(`ff${factory.slice(2)}${zeros(32)}${codeHash}`);
  return `0x${keccak256(bytes).toHex().slice(24)}`;
}
