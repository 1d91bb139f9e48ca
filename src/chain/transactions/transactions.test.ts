import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRlp, encodeRlp, type RlpInput } from '../../base/rlp.ts';
import { rulesOf } from '../../evm/forks/rules.ts';
import type { Address, Hash } from '../../evm/types.ts';
import { acceptTransaction } from './check.ts';
import { decodeTransaction } from './decode.ts';
import { encodeTransaction } from './encode.ts';
import { senderOf } from './sender-of.ts';
import {
  addressOfKey,
  recoverAuthority,
  SECP256K1_ORDER,
  signAuthorization,
  signTransaction,
} from './signature.ts';
import type { FaultyTransaction, SignedTransaction, TransactionType } from './types.ts';

const KEY = new Uint8Array(32).fill(0x45);
const SENDER = addressOfKey(KEY);
const TO: Address = `0x${'ab'.repeat(20)}`;
const BLOB: Hash = `0x01${'cd'.repeat(31)}`;
const CONTEXT = { chainId: 1n, rules: rulesOf('osaka') };

function sample(type: TransactionType, changes: Partial<SignedTransaction> = {}) {
  const unsigned: SignedTransaction = {
    type,
    chainId: type === 0 ? 0n : 1n,
    nonce: 7n,
    maxFeePerGas: 100n,
    maxPriorityFeePerGas: type < 2 ? 100n : 3n,
    gasLimit: 1_000_000n,
    to: TO,
    value: 5n,
    data: new Uint8Array([1, 0, 2]),
    accessList: type === 0 ? [] : [{ address: TO, storageKeys: [BLOB] }],
    maxFeePerBlobGas: type === 3 ? 9n : 0n,
    blobVersionedHashes: type === 3 ? [BLOB] : [],
    authorizationList:
      type === 4
        ? [signAuthorization({ chainId: 1n, address: TO, nonce: 1n, ...UNSIGNED }, KEY)]
        : [],
    v: type === 0 ? 37n : 0n,
    r: 0n,
    s: 0n,
    ...changes,
  };
  return signTransaction(unsigned, KEY);
}

const UNSIGNED = { yParity: 0n, r: 0n, s: 0n };
const TYPES = [0, 1, 2, 3, 4] as const;

function faultOf(transaction: SignedTransaction, context = CONTEXT): string | undefined {
  const result = acceptTransaction(encodeTransaction(transaction), context);
  return result.ok ? undefined : (result as FaultyTransaction).fault;
}

describe('transactions of every type', () => {
  it.each(TYPES)('type %i round-trips and names its sender', (type) => {
    const signed = sample(type);
    const result = acceptTransaction(encodeTransaction(signed), CONTEXT);
    expect(result).toMatchObject({ ok: true, signed, transaction: { sender: SENDER, type } });
  });

  it('cuts what was signed out of the bytes', () => {
    const lengths = [0, 1, 55, 56, 300, 70_000];
    for (const type of TYPES) {
      for (const length of lengths) {
        const data = new Uint8Array(length).fill(0x42);
        const bytes = encodeTransaction(sample(type, { data, nonce: BigInt(length) }));
        expect(senderOf(bytes)).toBe(SENDER);
        // Another signature, another signer; a byte more or less, nobody.
        const other = bytes.slice();
        other[type === 0 ? 4 : 6] = 0x11;
        expect(senderOf(other)).not.toBe(SENDER);
        expect(senderOf(bytes.subarray(0, -1))).toBeUndefined();
        expect(senderOf(Uint8Array.of(...bytes, 0))).toBeUndefined();
      }
    }
    // Of chain 0, of either parity.
    for (let nonce = 0n; nonce < 8n; nonce++) {
      expect(senderOf(encodeTransaction(sample(0, { v: 35n, nonce })))).toBe(SENDER);
    }
    const long = encodeTransaction({ ...sample(2), r: 2n ** 256n });
    expect(senderOf(long)).toBeUndefined();
    for (const bytes of ['', '00', '02', '02c0', '05c0', 'c0', 'f8', '80']) {
      expect(senderOf(Uint8Array.fromHex(bytes))).toBeUndefined();
    }
  });

  it('takes whatever bytes there are', () => {
    const bytes = encodeTransaction(sample(2));
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (at, byte, size) => {
        const changed = bytes.slice(0, size);
        if (at < size) changed[at] = byte;
        const sender = senderOf(changed);
        const accepted = acceptTransaction(changed, CONTEXT);
        if (accepted.ok) expect(accepted.transaction.sender).toBe(sender);
      }),
    );
  });

  it('recovers the signer of an authorisation', () => {
    const [authorization] = sample(4).authorizationList;
    if (authorization === undefined) expect.fail('no authorisation');
    expect(recoverAuthority(authorization)).toBe(SENDER);
    const high = { ...authorization, s: SECP256K1_ORDER - authorization.s };
    expect(recoverAuthority({ ...high, yParity: 1n - high.yParity })).toBeUndefined();
    expect(recoverAuthority({ ...authorization, yParity: 2n })).toBeUndefined();
    expect(recoverAuthority({ ...authorization, r: 0n })).toBeUndefined();
  });

  it('signs type 0 with and without a chain id', () => {
    for (const v of [27n, 28n, 35n, 36n, 37n, 38n, 35n + 2n * 2n ** 40n]) {
      expect(senderOf(encodeTransaction(sample(0, { v })))).toBe(SENDER);
    }
  });

  it('accepts no type before its fork', () => {
    const forks = ['frontier', 'istanbul', 'berlin', 'london', 'shanghai', 'cancun', 'prague'];
    const newest = forks.map((fork) => {
      const rules = rulesOf(fork as 'frontier');
      const accepted = TYPES.filter((type) => {
        const v = type === 0 ? 27n : 0n;
        return faultOf(sample(type, { v }), { chainId: 1n, rules }) === undefined;
      });
      return accepted.length;
    });
    expect(newest).toEqual([1, 1, 2, 3, 3, 4, 5]);
  });
});

describe('refusals', () => {
  const word = 2n ** 256n;
  it.each<[string, SignedTransaction]>([
    ['wrong chain id', sample(0, { v: 39n })],
    ['wrong chain id', sample(2, { chainId: 2n })],
    ['signature out of range', { ...sample(0), v: 26n }],
    ['signature out of range', { ...sample(1), v: 2n }],
    ['signature out of range', { ...sample(2), s: SECP256K1_ORDER - 1n }],
    ['signature out of range', { ...sample(2), s: 0n }],
    ['signature out of range', { ...sample(2), r: SECP256K1_ORDER }],
    ['signature recovers nobody', { ...sample(2), r: 5n }],
    ['nonce overflow', sample(1, { nonce: 2n ** 64n - 1n })],
    ['integer too large', sample(1, { nonce: 2n ** 64n })],
    ['integer too large', sample(1, { value: word })],
    ['integer too large', sample(2, { maxFeePerGas: word })],
    ['integer too large', sample(3, { maxFeePerBlobGas: word })],
    ['priority fee above fee', sample(2, { maxPriorityFeePerGas: 101n })],
    ['gas price overflow', sample(2, { maxFeePerGas: word - 1n })],
    ['intrinsic gas too low', sample(0, { gasLimit: 21_035n })],
    ['floor gas too low', sample(0, { gasLimit: 21_040n })],
    ['gas limit exceeds maximum', sample(0, { gasLimit: 2n ** 24n + 1n })],
    ['init code too large', sample(0, { to: undefined, data: new Uint8Array(49_153) })],
    ['blob creates contract', sample(3, { to: undefined })],
    ['no blobs', sample(3, { blobVersionedHashes: [] })],
    ['too many blobs', sample(3, { blobVersionedHashes: new Array(7).fill(BLOB) })],
    ['invalid blob hash version', sample(3, { blobVersionedHashes: [`0x02${BLOB.slice(4)}`] })],
    ['set code creates contract', sample(4, { to: undefined })],
    ['empty authorization list', sample(4, { authorizationList: [] })],
  ])('%s', (fault, transaction) => {
    expect(faultOf(transaction)).toBe(fault);
  });

  it('takes the gas limits that are just enough', () => {
    expect(faultOf(sample(0, { gasLimit: 21_090n }))).toBeUndefined();
    expect(faultOf(sample(0, { gasLimit: 2n ** 24n }))).toBeUndefined();
  });

  it('of authorisations too large for their fields', () => {
    const [authorization] = sample(4).authorizationList;
    if (authorization === undefined) expect.fail('no authorisation');
    for (const change of [
      { nonce: 2n ** 64n },
      { chainId: word },
      { yParity: 256n },
      { r: word },
    ]) {
      const authorizationList = [{ ...authorization, ...change }];
      expect(faultOf(sample(4, { authorizationList }))).toBe('integer too large');
    }
  });

  it('of blobs that travel beside the transaction', () => {
    const body = decodeRlp(encodeTransaction(sample(3)).subarray(1));
    const item = (body.ok ? body.item : []) as RlpInput;
    const list = encodeRlp([item, [], [], []]);
    expect(decodeTransaction(Uint8Array.of(3, ...list))).toMatchObject({ fault: 'network form' });
  });

  it.each([
    ['', 'empty'],
    ['00c0', 'type not supported'],
    ['05c0', 'type not supported'],
    ['8100', 'type not supported'],
    ['0180', 'not a list'],
    ['01', 'input ends early'],
    ['c0', 'too few fields'],
    ['02c0', 'too few fields'],
    [`ca${'80'.repeat(10)}`, 'too many fields'],
    [`01cc${'80'.repeat(7)}c1${'80'.repeat(4)}`, 'malformed access list'],
    [`01cb${'80'.repeat(11)}`, 'bytes where a list belongs'],
  ])('of the bytes %s: %s', (bytes, fault) => {
    const result = decodeTransaction(Uint8Array.fromHex(bytes));
    expect(result.ok ? undefined : result.fault).toBe(fault);
  });
});

describe('hostile bytes', () => {
  const check = (bytes: Uint8Array): void => {
    const result = decodeTransaction(bytes);
    if (result.ok) expect(encodeTransaction(result.transaction).toHex()).toBe(bytes.toHex());
  };

  it('are refused or round-trip, whatever they are', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), check), { numRuns: 1000 });
  });

  it('are refused or round-trip when a transaction was damaged', () => {
    const samples = TYPES.map((type) => encodeTransaction(sample(type)));
    const damage = fc.tuple(fc.nat(4), fc.nat(), fc.nat(255), fc.boolean());
    fc.assert(
      fc.property(damage, ([type, at, byte, cut]) => {
        const bytes = (samples[type] as Uint8Array).slice();
        bytes[at % bytes.length] = byte;
        check(cut ? bytes.subarray(0, at % bytes.length) : bytes);
      }),
      { numRuns: 2000 },
    );
  });
});
