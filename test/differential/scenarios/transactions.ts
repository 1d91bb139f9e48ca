/** Transactions of every type: each refusal, intrinsic gas to the unit, refunds, authorisations. */
import { addressOfKey, signAuthorization } from '../../../src/chain/transactions/signature.ts';
import type { SignedAuthorization } from '../../../src/chain/transactions/types.ts';
import type { ForkName } from '../../../src/evm/forks/names.ts';
import { rulesOf } from '../../../src/evm/forks/rules.ts';
import type { CaseTransaction } from '../case.ts';
import { Program } from '../program.ts';
import {
  addressAt,
  BLOCK,
  contract,
  type NamedScenario,
  type Scenario,
  type Stage,
} from '../scenario.ts';
import { since } from '../since.ts';

type Fields = Partial<CaseTransaction>;

const HASH = `0x01${'ab'.repeat(31)}` as const;
const SLOT = `0x${'00'.repeat(32)}` as const;

/** What makes a transaction one of its type. */
const TYPES: Readonly<Record<number, Fields>> = {
  0: { type: 0 },
  1: { type: 1, accessList: [{ address: addressAt(0xabcn), storageKeys: [SLOT] }] },
  2: { type: 2, maxFeePerGas: 20n, maxPriorityFeePerGas: 2n },
  3: {
    type: 3,
    maxFeePerGas: 20n,
    maxPriorityFeePerGas: 2n,
    maxFeePerBlobGas: 5n,
    blobVersionedHashes: [HASH],
  },
  4: { type: 4, maxFeePerGas: 20n, maxPriorityFeePerGas: 2n },
};

/** Changes that a rule refuses, or that it just allows. */
const CHANGES: readonly (readonly [string, Fields])[] = [
  ['as it should be', {}],
  ['a nonce too high', { nonce: 1n }],
  ['the last nonce', { nonce: 2n ** 64n - 1n }],
  ['gas of all of the block', { gasLimit: BLOCK.gasLimit }],
  ['gas of more than the block', { gasLimit: BLOCK.gasLimit + 1n }],
  ['gas at the limit of EIP-7825', { gasLimit: 16_777_216n }],
  ['gas beyond the limit of EIP-7825', { gasLimit: 16_777_217n }],
  ['a fee below the base fee', { maxFeePerGas: 6n, maxPriorityFeePerGas: 0n }],
  ['a fee of the base fee', { maxFeePerGas: 7n, maxPriorityFeePerGas: 0n }],
  ['a priority fee above the fee', { maxFeePerGas: 10n, maxPriorityFeePerGas: 11n }],
  ['a priority fee of the fee', { maxFeePerGas: 10n, maxPriorityFeePerGas: 10n }],
  ['all of its funds as value', { value: 10n ** 20n }],
  ['a fee beyond 2^256', { maxFeePerGas: 2n ** 255n, maxPriorityFeePerGas: 0n }],
  ['no recipient', { to: undefined, data: Uint8Array.of(0x00) }],
  ['data of zeros', { data: new Uint8Array(1_000) }],
  ['data of ones', { data: new Uint8Array(1_000).fill(1) }],
];

export function* transactions(fork: ForkName): Generator<NamedScenario> {
  const known = rulesOf(fork).transactionTypes;
  for (const [type, fields] of Object.entries(TYPES)) {
    // One that the fork does not know is refused.
    const changes = known.includes(Number(type)) ? CHANGES : CHANGES.slice(0, 1);
    for (const [what, change] of changes) {
      for (const gas of ['plenty', { beyondIntrinsic: 0n }, { beyondIntrinsic: -1n }] as const) {
        yield {
          name: `type ${type} with ${what}, ${gas === 'plenty' ? gas : gas.beyondIntrinsic} gas`,
          make: (stage) => {
            const more = type === '4' ? { authorizationList: [authorization(stage, {})] } : {};
            const { gasLimit } = change;
            return {
              accounts: [contract(stage.target, Uint8Array.of(0x60, 1, 0x60, 1, 0x55))],
              transaction: { ...fields, ...more, ...change },
              gas: gasLimit === undefined ? gas : 'plenty',
            };
          },
        };
      }
    }
  }
  yield* floors(fork);
  yield* senders(fork);
  yield* refunds(fork);
  if (known.includes(3)) yield* blobs();
  if (known.includes(4)) yield* delegations(fork);
}

/** EIP-7623: gas around the floor. */
function* floors(fork: ForkName): Generator<NamedScenario> {
  for (const size of [0, 1, 500]) {
    for (const gas of [-1n, 0n, 1n, 5_000n]) {
      const tokens = BigInt(size * 4) * 10n;
      yield {
        name: `${size} bytes of data and ${gas} gas beyond the floor`,
        make: () => ({
          accounts: [],
          transaction: { data: new Uint8Array(size).fill(1), gasLimit: 21_000n + tokens + gas },
        }),
      };
    }
  }
  if (!since(fork, 'berlin')) return;
  for (const count of [0, 1, 5]) {
    const accessList = Array.from({ length: count }, (_, i) => ({
      address: addressAt(BigInt(i)),
      storageKeys: Array.from({ length: i }, () => SLOT),
    }));
    yield {
      name: `an access list of ${count} addresses`,
      make: () => ({
        accounts: [],
        transaction: { type: 1, accessList },
        gas: { beyondNeeded: 0n },
      }),
    };
  }
}

/** What the sender and the coinbase may be. */
function* senders(fork: ForkName): Generator<NamedScenario> {
  const sender =
    (of: Partial<ReturnType<typeof contract>>) =>
    (stage: Stage): Scenario => {
      const account = {
        ...contract(stage.sender, new Uint8Array()),
        nonce: 0n,
        balance: 10n ** 20n,
      };
      return { accounts: [{ ...account, ...of }], transaction: {} };
    };
  yield { name: 'a sender with code', make: sender({ code: Uint8Array.of(0) }) };
  yield { name: 'a sender of nonce 5', make: sender({ nonce: 5n }) };
  yield { name: 'a sender without funds', make: sender({ balance: 0n }) };
  yield { name: 'a sender with the last nonce', make: sender({ nonce: 2n ** 64n - 1n }) };
  if (since(fork, 'prague')) {
    const code = Uint8Array.fromHex(`ef0100${'00'.repeat(18)}0004`);
    yield { name: 'a sender that delegates', make: sender({ code }) };
  }
  for (const value of [0n, 1n]) {
    yield {
      name: `${value} wei to nobody`,
      make: ({ other }) => ({ accounts: [], transaction: { to: other(5), value } }),
    };
    yield {
      name: `${value} wei to itself`,
      make: ({ sender: to }) => ({ accounts: [], transaction: { to, value } }),
    };
    yield {
      name: `${value} wei to the coinbase`,
      make: () => ({ accounts: [], transaction: { to: BLOCK.coinbase, value } }),
    };
    yield {
      name: `${value} wei to an account that is empty`,
      make: ({ other }) => ({
        accounts: [{ ...contract(other(5), new Uint8Array()), nonce: 0n }],
        transaction: { to: other(5), value },
      }),
    };
  }
}

/** Refunds below, at and above their cap. */
function* refunds(fork: ForkName): Generator<NamedScenario> {
  for (const count of [1, 2, 3, 8]) {
    for (const rest of [0, 400]) {
      yield {
        name: `${count} slots cleared and ${rest} instructions`,
        make: ({ target }) => {
          const program = new Program(fork);
          for (let slot = 0; slot < count; slot++) program.push(0).push(slot).op('SSTORE');
          for (let i = 0; i < rest; i++) program.op('JUMPDEST');
          const storage = new Map(Array.from({ length: count }, (_, slot) => [BigInt(slot), 1n]));
          return {
            accounts: [{ ...contract(target, program.assemble()), storage }],
            transaction: {},
          };
        },
      };
    }
  }
}

function* blobs(): Generator<NamedScenario> {
  const blob = (fields: Fields) => (): Scenario => ({
    accounts: [],
    transaction: { ...TYPES[3], ...fields },
  });
  for (const count of [0, 1, 6, 7, 9, 10]) {
    const blobVersionedHashes = Array.from({ length: count }, () => HASH);
    yield { name: `${count} blobs`, make: blob({ blobVersionedHashes }) };
  }
  yield {
    name: 'a blob hash of version 2',
    make: blob({ blobVersionedHashes: [`0x02${'00'.repeat(31)}`] }),
  };
  yield { name: 'a blob fee of nothing', make: blob({ maxFeePerBlobGas: 0n }) };
  yield { name: 'a blob fee of one', make: blob({ maxFeePerBlobGas: 1n }) };
}

const KEY = new Uint8Array(32).fill(0x42);

/** Signed by a key of the scenario's own. */
function authorization(stage: Stage, fields: Partial<SignedAuthorization>): SignedAuthorization {
  const plain = { chainId: 1n, address: stage.target, nonce: 0n, yParity: 0n, r: 0n, s: 0n };
  return signAuthorization({ ...plain, ...fields }, keyOf(stage));
}

function keyOf({ target }: Stage): Uint8Array {
  return Uint8Array.from([...KEY.subarray(0, 12), ...Uint8Array.fromHex(target.slice(2))]);
}

function* delegations(fork: ForkName): Generator<NamedScenario> {
  const state: readonly (readonly [string, Partial<ReturnType<typeof contract>> | undefined])[] = [
    ['nobody', undefined],
    ['an account', { balance: 1n }],
    ['an account with another nonce', { nonce: 3n }],
    ['a contract', { code: Uint8Array.of(0x00) }],
    ['one that delegates', { code: Uint8Array.fromHex(`ef0100${'00'.repeat(19)}02`) }],
  ];
  const signed: readonly (readonly [string, (stage: Stage) => SignedAuthorization[]])[] = [
    ['one', (stage) => [authorization(stage, {})]],
    ['one for any chain', (stage) => [authorization(stage, { chainId: 0n })]],
    ['one for another chain', (stage) => [authorization(stage, { chainId: 2n })]],
    ['one with nonce 1', (stage) => [authorization(stage, { nonce: 1n })]],
    ['one with the last nonce', (stage) => [authorization(stage, { nonce: 2n ** 64n - 1n })]],
    ['one for nothing', (stage) => [authorization(stage, { address: addressAt(0n) })]],
    ['one for a precompile', (stage) => [authorization(stage, { address: addressAt(4n) })]],
    [
      'two in a row',
      (stage) => [
        authorization(stage, {}),
        authorization(stage, { nonce: 1n, address: addressAt(0n) }),
      ],
    ],
    ['two of the same', (stage) => [authorization(stage, {}), authorization(stage, {})]],
    ['one of parity 2', (stage) => [{ ...authorization(stage, {}), yParity: 2n }]],
    ['one with a large s', (stage) => [{ ...authorization(stage, {}), s: 2n ** 255n }]],
    ['one with r of zero', (stage) => [{ ...authorization(stage, {}), r: 0n }]],
    ['none', () => []],
  ];
  for (const [who, account] of state) {
    for (const [what, list] of signed) {
      yield {
        name: `${what} by ${who}`,
        make: (stage) => {
          const authority = addressOfKey(keyOf(stage));
          const program = new Program(fork);
          // Calls the authority, then says what its code is.
          for (let i = 0; i < 5; i++) program.push(0);
          program.push(BigInt(authority)).push(50_000).op('CALL').push(0).op('SSTORE');
          program.push(BigInt(authority)).op('EXTCODEHASH').push(1).op('SSTORE');
          program.push(BigInt(authority)).op('EXTCODESIZE').push(2).op('SSTORE');
          const callee = new Program(fork).op('CALLER').push(3).op('SSTORE').assemble();
          const plain = { ...contract(authority, new Uint8Array()), nonce: 0n };
          return {
            accounts: [
              contract(stage.target, callee),
              contract(stage.other(1), program.assemble()),
              ...(account === undefined ? [] : [{ ...plain, ...account }]),
            ],
            transaction: { ...TYPES[4], to: stage.other(1), authorizationList: list(stage) },
          };
        },
      };
    }
  }
}
