/** Random cases: a block, accounts, and transactions of all types that the fork knows. */
import { addressOfKey, signAuthorization } from '../../src/chain/transactions/signature.ts';
import type { SignedAuthorization } from '../../src/chain/transactions/types.ts';
import { type ForkName, forkIndex } from '../../src/evm/forks/names.ts';
import { rulesOf } from '../../src/evm/forks/rules.ts';
import type { Address } from '../../src/evm/types.ts';
import type { Case, CaseAccount, CaseBlock, CaseTransaction } from '../differential/case.ts';
import { since } from '../differential/since.ts';
import { randomCode } from './contracts.ts';
import { deployer } from './deployer.ts';
import type { Setting } from './expressions.ts';
import type { Random } from './random.ts';

const KEYS = [1, 2, 3].map((last) => new Uint8Array(32).fill(last));
const SENDERS: readonly Address[] = KEYS.map(addressOfKey);
const COINBASE = addressAt(0xcb);
const CONTRACTS = [0xc0, 0xc1, 0xc2, 0xc3, 0xc4].map(addressAt);
/** Accounts without code: one that exists and is empty, one with a wei, one that is not there. */
const OTHERS = [0xe0, 0xe1, 0xe2].map(addressAt);
const PRECOMPILES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0x0b, 0x100].map(addressAt);

const FUNDS = 10n ** 24n;

function addressAt(last: number): Address {
  return `0x${last.toString(16).padStart(40, '0')}`;
}

/** A case of a few transactions. Their gas limits are chosen later: see `gasLimits`. */
export function randomCase(random: Random, fork: ForkName, transactions: number): Case {
  const addresses = [...CONTRACTS, ...CONTRACTS, ...OTHERS, ...PRECOMPILES, ...SENDERS, COINBASE];
  const setting: Setting = { random, fork, addresses, contracts: CONTRACTS };
  const block = randomBlock(random, fork);
  const accounts = randomAccounts(setting);
  const nonces = new Map(accounts.map(({ address, nonce }) => [address, nonce]));
  const list: CaseTransaction[] = [];
  for (let i = 0; i < transactions; i++) list.push(randomTransaction(setting, block, nonces));
  return { fork, block, accounts, transactions: list };
}

function randomBlock(random: Random, fork: ForkName): CaseBlock {
  return {
    number: BigInt(random.pick([1, 255, 256, 257, 1_000_000])),
    timestamp: BigInt(random.between(1, 2 ** 31)),
    coinbase: random.once(8) ? random.pick(CONTRACTS) : COINBASE,
    gasLimit: 30_000_000n,
    prevRandao: random.word(),
    difficulty: random.bits(60),
    baseFee: since(fork, 'london') ? BigInt(random.pick([0, 1, 7, 1_000])) : 0n,
    excessBlobGas: since(fork, 'cancun') ? BigInt(random.pick([0, 131_072, 10_000_000])) : 0n,
  };
}

function randomAccounts(setting: Setting): CaseAccount[] {
  const { random, fork } = setting;
  const plain = { nonce: 0n, code: new Uint8Array(), storage: new Map<bigint, bigint>() };
  const accounts: CaseAccount[] = SENDERS.map((address, index) => ({
    ...plain,
    address,
    nonce: index === 0 ? 0n : BigInt(random.below(3)),
    balance: random.once(30) ? BigInt(random.below(100_000)) : FUNDS,
    code: since(fork, 'prague') && random.once(6) ? delegation(random) : plain.code,
  }));
  for (const address of CONTRACTS) {
    const code =
      since(fork, 'prague') && random.once(10) ? delegation(random) : randomCode(setting);
    accounts.push({
      address,
      nonce: random.once(60) ? 2n ** 64n - BigInt(random.between(1, 3)) : 1n,
      balance: random.once(3) ? BigInt(random.below(4)) : random.once(30) ? random.bits(200) : 0n,
      code,
      storage: randomStorage(random),
    });
  }
  // An account that exists and is empty is left behind from before EIP-158 only.
  if (random.once(2)) accounts.push({ ...plain, address: addressAt(0xe0), balance: 0n });
  accounts.push({ ...plain, address: addressAt(0xe1), balance: 1n });
  if (random.once(2)) {
    accounts.push({
      ...plain,
      address: random.pick(PRECOMPILES),
      balance: BigInt(random.below(2)),
    });
  }
  return accounts;
}

function randomStorage(random: Random): Map<bigint, bigint> {
  const storage = new Map<bigint, bigint>();
  const count = random.below(5);
  for (let i = 0; i < count; i++) storage.set(BigInt(random.below(6)), random.word() || 1n);
  return storage;
}

function delegation(random: Random): Uint8Array {
  const to = random.pick([...CONTRACTS, ...SENDERS, ...PRECOMPILES.slice(0, 4)]);
  return Uint8Array.fromHex(`ef0100${to.slice(2)}`);
}

function randomTransaction(
  setting: Setting,
  block: CaseBlock,
  nonces: Map<Address, bigint>,
): CaseTransaction {
  const { random, fork } = setting;
  const type = random.pick(rulesOf(fork).transactionTypes) as CaseTransaction['type'];
  const odd = random.once(50);
  const sender = random.pick(SENDERS);
  const nonce = nonces.get(sender) ?? 0n;
  const creates = random.once(8) && (type < 3 || odd);
  const priority = BigInt(random.below(3));
  const fee = block.baseFee + BigInt(random.below(4)) + (type < 2 ? 0n : priority);
  const maxFeePerGas = odd && random.once(3) ? BigInt(random.below(10)) : fee;
  const transaction: CaseTransaction = {
    type,
    sender,
    nonce: odd && random.once(3) ? nonce + 1n : nonce,
    gasLimit: 0n,
    to: creates ? undefined : recipient(setting),
    value: random.once(2) ? 0n : odd ? random.word() : BigInt(random.below(5)),
    data: creates ? deployer(setting) : callData(random),
    maxFeePerGas,
    maxPriorityFeePerGas: type < 2 ? maxFeePerGas : priority,
    accessList: type === 0 ? [] : accessList(setting),
    maxFeePerBlobGas: type === 3 ? BigInt(random.pick([1, 3, 1_000])) : 0n,
    blobVersionedHashes: type === 3 ? blobs(random, odd) : [],
    authorizationList: type === 4 ? authorizations(random, nonces, odd) : [],
  };
  // A guess; a transaction that is refused after all makes those behind it be refused too.
  if (!odd) nonces.set(sender, nonce + 1n);
  return transaction;
}

function recipient({ random, addresses }: Setting): Address {
  return random.once(12) ? random.pick(addresses) : random.pick(CONTRACTS);
}

function callData(random: Random): Uint8Array {
  const words = random.pick([0, 1, 2, 4]);
  const digits = Array.from({ length: words }, () => random.word().toString(16).padStart(64, '0'));
  return Uint8Array.fromHex(digits.join('')).subarray(0, random.pick([words * 32, words * 31]));
}

function accessList({ random, addresses }: Setting): CaseTransaction['accessList'] {
  return Array.from({ length: random.pick([0, 0, 1, 3]) }, () => ({
    address: random.pick(addresses),
    storageKeys: Array.from(
      { length: random.below(3) },
      () => `0x${random.below(6).toString(16).padStart(64, '0')}` as const,
    ),
  }));
}

function blobs(random: Random, odd: boolean): CaseTransaction['blobVersionedHashes'] {
  const count = odd ? random.below(8) : random.between(1, 3);
  return Array.from({ length: count }, () => {
    const version = odd && random.once(4) ? '02' : '01';
    return `0x${version}${random.bits(248).toString(16).padStart(62, '0')}` as const;
  });
}

/** Signing is slow and there are few authorisations: each is signed once. */
const SIGNED = new Map<string, SignedAuthorization>();

function authorizations(
  random: Random,
  nonces: Map<Address, bigint>,
  odd: boolean,
): SignedAuthorization[] {
  return Array.from({ length: odd ? random.below(3) : random.between(1, 3) }, () => {
    const index = random.below(KEYS.length);
    const known = nonces.get(SENDERS[index] as Address) ?? 0n;
    const chainId = BigInt(random.pick([0, 1, 1, 2]));
    const address = random.once(6) ? addressAt(0) : random.pick([...CONTRACTS, ...PRECOMPILES]);
    const nonce = random.once(30) ? 2n ** 64n - 1n : known + BigInt(random.below(3));
    const key = `${index} ${chainId} ${address} ${nonce}`;
    let signed = SIGNED.get(key);
    if (signed === undefined) {
      const unsigned = { chainId, address, nonce, yParity: 0n, r: 0n, s: 0n };
      signed = signAuthorization(unsigned, KEYS[index] as Uint8Array);
      SIGNED.set(key, signed);
    }
    if (!random.once(20)) return signed;
    return random.once(2) ? { ...signed, yParity: 2n } : { ...signed, s: 2n ** 255n };
  });
}

/** Forks in turns, later ones more often: they have more to test. */
export function forkOfRound(random: Random, forks: readonly ForkName[]): ForkName {
  return random.weighted(forks.map((fork) => [2 + Math.floor(forkIndex(fork) / 4), fork] as const));
}
