/**
 * What the workloads must give, computed outside the EVM: by other libraries (node:crypto,
 * @noble/curves) where they have the thing, else by the same rules written down once more.
 * Outputs are the words that a function returns, as hexadecimal digits.
 */
import { createHash } from 'node:crypto';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak256 } from '../../../base/keccak.ts';

const WORD = 1n << 256n;
/** 18 decimals. */
const ETHER = 10n ** 18n;
const ACCOUNTS_START = 0x1000n;

/** The words, negative ones as two's complement. */
function words(...values: readonly bigint[]): string {
  const digits = values.map((value) => BigInt.asUintN(256, value).toString(16).padStart(64, '0'));
  return `0x${digits.join('')}`;
}

export function minted(count: bigint): string {
  return words(count * ETHER);
}

export function leftAfterTransfers(count: bigint): string {
  return words(10n ** 24n - count * 10n ** 15n);
}

/** `size` bytes 0, 1, 2, ... */
function counting(size: bigint): Uint8Array {
  return Uint8Array.from({ length: Number(size) }, (_, i) => i);
}

export function sha1(size: bigint): string {
  const digest = createHash('sha1').update(counting(size)).digest('hex');
  return `0x${digest.padEnd(64, '0')}`;
}

export function blake2b(size: bigint): string {
  return `0x${createHash('blake2b512').update(counting(size)).digest('hex')}`;
}

export function base64(size: bigint): string {
  const text = Buffer.from(counting(size)).toString('base64');
  return `0x${keccak256(new TextEncoder().encode(text)).toHex()}`;
}

/**
 * The generator doubled `count` times. Jacobian coordinates are not unique: Z is doubled along
 * (Z' = 2 Y Z), and X and Y follow from it and the affine point.
 */
export function doubled(count: bigint): string {
  const { p: prime } = secp256k1.Point.CURVE();
  const mod = (value: bigint) => ((value % prime) + prime) % prime;
  let point = secp256k1.Point.BASE;
  let z = 1n;
  for (let i = 0n; i < count; i++) {
    z = mod(2n * point.y * z ** 4n);
    point = point.double();
  }
  return words(mod(point.x * z ** 2n), mod(point.y * z ** 3n), z);
}

/** Hashes of hashes, beginning with that of the seed. */
function* seeds(seed: bigint): Generator<bigint, never> {
  for (let value = seed; ; ) {
    const bytes = Uint8Array.fromHex(words(value).slice(2));
    value = BigInt(`0x${keccak256(bytes).toHex()}`);
    yield value;
  }
}

function checksum(values: readonly bigint[]): string {
  return words(values.reduce((sum, value) => (sum * 31n + value) % WORD, 0n));
}

function sorted(count: bigint, value: (seed: bigint) => bigint): bigint[] {
  const values = seeds(42n)
    .take(Number(count))
    .map((seed) => value(seed))
    .toArray();
  return values.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

export function storageSorted(count: bigint): string {
  return checksum(sorted(count, (seed) => seed % 1000n));
}

export function memorySorted(count: bigint): string {
  return checksum(sorted(count, (seed) => seed));
}

export function walked(count: bigint): string {
  return checksum(sorted(count, (seed) => seed >> 96n));
}

/** Quantity that changed hands in a book without queues: they do not matter to the sum. */
export function traded(count: bigint): string {
  const levels = { bid: new Map<bigint, bigint>(), ask: new Map<bigint, bigint>() };
  let sum = 0n;
  for (const seed of seeds(7n).take(Number(count))) {
    const isBid = (seed & 1n) === 0n;
    const price = 10_000n + ((seed >> 8n) % 32n);
    let quantity = 1n + ((seed >> 32n) % 10n);
    const others = isBid ? levels.ask : levels.bid;
    const crossing = [...others.keys()].filter((at) => (isBid ? at <= price : at >= price));
    for (const at of crossing.sort((a, b) => Number(isBid ? a - b : b - a))) {
      const there = others.get(at) as bigint;
      const filled = there < quantity ? there : quantity;
      sum += filled;
      quantity -= filled;
      if (there === filled) others.delete(at);
      else others.set(at, there - filled);
      if (quantity === 0n) break;
    }
    const own = isBid ? levels.bid : levels.ask;
    if (quantity > 0n) own.set(price, (own.get(price) ?? 0n) + quantity);
  }
  return words(sum);
}

export function tokensHeld(count: bigint): string {
  const kept = Array.from({ length: Number(count) }, (_, id) => id).filter((id) => id % 4 !== 0);
  const sum = kept.filter((id) => id % 3 === 0).reduce((a, b) => a + b, 0);
  return words(BigInt(kept.length), BigInt(sum));
}

/** An account has the role that it was granted: of the eight, that of its own number. */
export function members(count: bigint): string {
  let found = 0n;
  for (let i = 0n; i < 4n * count; i++) if ((i & 7n) === ((i % count) & 7n)) found += 1n;
  return words(found, count / 2n);
}

export function votes(voters: bigint): string {
  let [inFavour, against] = [0n, 0n];
  for (let i = 0n; i < voters; i++) {
    if (i % 3n === 0n) against += ACCOUNTS_START + i;
    else inFavour += ACCOUNTS_START + i;
  }
  const [defeated, succeeded] = [3n, 4n];
  return words(inFavour, against, inFavour > against ? succeeded : defeated);
}

/** Shares of a vault are rounded in its favour, with one share and one unit put in by nobody. */
export function vault(count: bigint): string {
  let [shares, assets] = [0n, 0n];
  for (let i = 0n; i < count; i++) {
    const deposit = ETHER + i;
    const made = (deposit * (shares + 1n)) / (assets + 1n);
    [shares, assets] = [shares + made, assets + deposit];
    if (i % 8n === 7n) assets += ETHER / 100n;
    if (i % 2n === 1n) {
      const burned = ((ETHER / 2n) * (shares + 1n) + assets) / (assets + 1n);
      [shares, assets] = [shares - burned, assets - ETHER / 2n];
    }
  }
  return words(shares, assets);
}

export function options(count: bigint): string {
  let sum = 0n;
  for (let i = 0n; i < count; i++) {
    sum += optionPrice(100n * ETHER, (90n + (i % 20n)) * ETHER, (3n * ETHER) / 10n, ETHER / 2n);
  }
  return words(sum);
}

function optionPrice(spot: bigint, strike: bigint, volatility: bigint, years: bigint): bigint {
  const deviation = (volatility * squareRoot(years)) / ETHER;
  const drift = (((volatility * volatility) / ETHER) * years) / (2n * ETHER);
  const d1 = ((logarithm((spot * ETHER) / strike) + drift) * ETHER) / deviation;
  return (spot * normal(d1)) / ETHER - (strike * normal(d1 - deviation)) / ETHER;
}

function exponential(x: bigint): bigint {
  const whole = x / ETHER;
  let [term, sum] = [ETHER, ETHER];
  for (let i = 1n; i < 20n; i++) {
    term = (term * (x % ETHER)) / (i * ETHER);
    sum += term;
  }
  const e = 2_718281828459045235n;
  for (let i = 0n; i < whole; i++) sum = (sum * e) / ETHER;
  for (let i = 0n; i > whole; i--) sum = (sum * ETHER) / e;
  return sum;
}

function logarithm(x: bigint): bigint {
  let y = 0n;
  for (let i = 0; i < 8; i++) {
    const z = exponential(y);
    y += (2n * ETHER * (x - z)) / (x + z);
  }
  return y;
}

function squareRoot(x: bigint): bigint {
  let y = x > ETHER ? x : ETHER;
  for (let i = 0; i < 20; i++) y = (y + (x * ETHER) / y) / 2n;
  return y;
}

const NORMAL = [
  1_330274429000000000n,
  -1_821255978000000000n,
  1_781477937000000000n,
  -356563782000000000n,
  319381530000000000n,
];

function normal(x: bigint): bigint {
  const a = x < 0n ? -x : x;
  const t = (ETHER * ETHER) / (ETHER + (a * 231641900000000000n) / ETHER);
  const sum = NORMAL.reduce((poly, coefficient) => (poly * t) / ETHER + coefficient, 0n);
  const density = (398942280401432678n * exponential(-(a * a) / (2n * ETHER))) / ETHER;
  const tail = (density * ((sum * t) / ETHER)) / ETHER;
  return x < 0n ? tail : ETHER - tail;
}

export function swappedV2(count: bigint): string {
  let [reserve0, reserve1] = [10n ** 24n, 2n * 10n ** 24n];
  const bought = (paid: bigint, reserveIn: bigint, reserveOut: bigint) =>
    (paid * 997n * reserveOut) / (reserveIn * 1000n + paid * 997n);
  for (let i = 0n; i < count; i++) {
    const paid = ETHER + i * 10n ** 15n;
    if (i % 2n === 0n) {
      reserve1 -= bought(paid, reserve0, reserve1);
      reserve0 += paid;
    } else {
      reserve0 -= bought(paid, reserve1, reserve0);
      reserve1 += paid;
    }
  }
  return words(reserve0, reserve1);
}

/** Swaps of an exact input within one range of liquidity, with a fee of 0.3 %: v3 and v4 alike. */
export function swappedInRange(count: bigint): string {
  const liquidity = 10n ** 24n;
  const one = 1n << 96n;
  let price = 5n << 94n;
  let bought = 0n;
  for (let i = 0n; i < count; i++) {
    const paid = ((10n ** 21n + i * ETHER) * 997_000n) / 1_000_000n;
    if (i % 2n === 0n) {
      const scaled = liquidity * one;
      const next = divideUp(scaled * price, scaled + paid * price);
      bought += (liquidity * (price - next)) / one;
      price = next;
    } else {
      const next = price + (paid * one) / liquidity;
      bought += (liquidity * one * (next - price)) / next / price;
      price = next;
    }
  }
  return words(bought, price);
}

function divideUp(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}
