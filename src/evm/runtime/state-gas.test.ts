/**
 * Gas and refunds of the opcodes that touch state, against the prices that the EIPs name, written
 * down here once more: nothing is taken from the machine's own tables.
 */
import { describe, expect, it, test } from 'vitest';
import { MemoryState } from '../../state/memory.ts';
import { createEVM } from '../evm.ts';
import type { ForkName } from '../forks/names.ts';
import type { Address } from '../types.ts';

const CONTRACT: Address = `0x${'0b'.repeat(20)}`;
const OTHER: Address = `0x${'0c'.repeat(20)}`;
const PUSH = 3n;
const GAS = 1_000_000n;

interface Ran {
  readonly status: string;
  readonly gasUsed: bigint;
  readonly refund: bigint;
}

/** Runs code as a bare frame, slot 0 holding `original`. */
async function run(fork: ForkName, code: string, original = 0n, gas = GAS): Promise<Ran> {
  const state = new MemoryState();
  const storage: [bigint, bigint][] = [[0n, original]];
  state.setAccount(CONTRACT, { nonce: 1n, balance: 0n, code: Uint8Array.fromHex(code), storage });
  state.setAccount(OTHER, {
    nonce: 1n,
    balance: 7n,
    code: new Uint8Array([0x5b]),
    storage: [],
  });
  const evm = createEVM({ fork, state, engine: 'interpreter' });
  const result = await evm.call({ to: CONTRACT, gas });
  if (result.status === 'refused') throw new Error(result.message);
  return { status: result.status, gasUsed: result.gasUsed, refund: result.gasRefunded };
}

const push = (value: bigint) => `60${value.toString(16).padStart(2, '0')}`;
const sstore = (value: bigint) => `${push(value)}${push(0n)}55`;

interface Prices {
  readonly noop: bigint;
  readonly set: bigint;
  readonly reset: bigint;
  readonly clear: bigint;
  readonly cold: bigint;
  readonly net: boolean;
}

const PRICES: Partial<Record<ForkName, Prices>> = {
  frontier: { noop: 0n, set: 20_000n, reset: 5_000n, clear: 15_000n, cold: 0n, net: false },
  // EIP-1283.
  constantinople: { noop: 200n, set: 20_000n, reset: 5_000n, clear: 15_000n, cold: 0n, net: true },
  petersburg: { noop: 0n, set: 20_000n, reset: 5_000n, clear: 15_000n, cold: 0n, net: false },
  // EIP-2200.
  istanbul: { noop: 800n, set: 20_000n, reset: 5_000n, clear: 15_000n, cold: 0n, net: true },
  // EIP-2929.
  berlin: { noop: 100n, set: 20_000n, reset: 2_900n, clear: 15_000n, cold: 2_100n, net: true },
  // EIP-3529.
  london: { noop: 100n, set: 20_000n, reset: 2_900n, clear: 4_800n, cold: 2_100n, net: true },
  osaka: { noop: 100n, set: 20_000n, reset: 2_900n, clear: 4_800n, cold: 2_100n, net: true },
};

/** One SSTORE by the letter of EIP-2200 (or of the yellow paper where `net` is false). */
function priceOf(prices: Prices, original: bigint, current: bigint, value: bigint) {
  const { noop, set, reset, clear, net } = prices;
  if (!net) {
    const gas = current === 0n && value !== 0n ? set : reset;
    return { gas, refund: current !== 0n && value === 0n ? clear : 0n };
  }
  if (current === value) return { gas: noop, refund: 0n };
  if (original === current) {
    if (original === 0n) return { gas: set, refund: 0n };
    return { gas: reset, refund: value === 0n ? clear : 0n };
  }
  let refund = 0n;
  if (original !== 0n) {
    if (current === 0n) refund -= clear;
    if (value === 0n) refund += clear;
  }
  if (original === value) refund += (original === 0n ? set : reset) - noop;
  return { gas: noop, refund };
}

describe.each(Object.entries(PRICES) as [ForkName, Prices][])('SSTORE in %s', (fork, prices) => {
  const values = [0n, 1n, 2n];
  const cases = values.flatMap((original) =>
    values.flatMap((first) => values.map((second) => [original, first, second] as const)),
  );

  it.each(cases)('from %i to %i to %i', async (original, first, second) => {
    const a = priceOf(prices, original, original, first);
    const b = priceOf(prices, original, first, second);
    const ran = await run(fork, sstore(first) + sstore(second), original);
    expect(ran.status).toBe('success');
    expect(ran.gasUsed).toBe(4n * PUSH + prices.cold + a.gas + b.gas);
    // The counter may fall below zero on the way; a frame alone reports at least zero.
    const refund = a.refund + b.refund;
    expect(ran.refund).toBe(refund > 0n ? refund : 0n);
  });
});

test('SSTORE fails with 2,300 gas or less from Istanbul on, however little it costs', async () => {
  for (const fork of ['istanbul', 'berlin', 'osaka'] as const) {
    // Two pushes, then the store finds exactly so much.
    const atLimit = await run(fork, sstore(1n), 1n, 2_300n + 2n * PUSH);
    expect(atLimit.status, fork).toBe('halt');
    const above = await run(fork, sstore(1n), 1n, 2_301n + 2n * PUSH);
    expect(above.status, fork).toBe('success');
  }
  expect((await run('constantinople', sstore(1n), 1n, 200n + 2n * PUSH)).status).toBe('success');
  expect((await run('constantinople', sstore(1n), 1n, 199n + 2n * PUSH)).status).toBe('halt');
});

test('the last unit of gas decides, cold and warm', async () => {
  const address = OTHER.slice(2);
  const cases: readonly (readonly [string, string, bigint])[] = [
    ['cold SLOAD', '5f54', 2n + 2_100n],
    ['warm SLOAD', '5f545f54', 2n + 2_100n + 2n + 100n],
    ['cold BALANCE', `73${address}31`, PUSH + 2_600n],
    ['warm BALANCE', `73${address}3173${address}31`, 2n * PUSH + 2_700n],
    ['cold EXTCODESIZE', `73${address}3b`, PUSH + 2_600n],
    ['cold EXTCODEHASH', `73${address}3f`, PUSH + 2_600n],
    ['cold EXTCODECOPY', `60215f5f73${address}3c`, PUSH + 4n + PUSH + 2_600n + 6n + 6n],
    ['BALANCE of itself', `73${CONTRACT.slice(2)}31`, PUSH + 100n],
    ['TSTORE, TLOAD', '60015f5d5f5c', PUSH + 2n + 100n + 2n + 100n],
  ];
  for (const [name, code, cost] of cases) {
    const exact = await run('cancun', code, 0n, cost);
    expect(exact, name).toMatchObject({ status: 'success', gasUsed: cost });
    expect((await run('cancun', code, 0n, cost - 1n)).status, name).toBe('halt');
  }
});

test('precompiles are warm before anybody asked for them (EIP-2929)', async () => {
  // Their accounts are not in the overlay: what is missing must not be taken for cold.
  expect(await run('cancun', '600131', 0n, 103n)).toMatchObject({ status: 'success' });
  expect(await run('cancun', '600131', 0n, 102n)).toMatchObject({ status: 'halt' });
  expect(await run('cancun', '60013b', 0n, 103n)).toMatchObject({ status: 'success' });
  expect(await run('cancun', '60013f', 0n, 103n)).toMatchObject({ status: 'success' });
  // STATICCALL of the identity: 15 of its own, and 100.
  const call = '5f5f5f5f60045afa';
  expect((await run('cancun', call, 0n, 8n + PUSH + 2n + 100n + 15n)).status).toBe('success');
  // 0x0b is one from Prague on, and 0x100 from Osaka on.
  expect((await run('cancun', '600b31', 0n, 103n)).status).toBe('halt');
  expect((await run('prague', '600b31', 0n, 103n)).status).toBe('success');
  expect((await run('prague', '61010031', 0n, 103n)).status).toBe('halt');
  expect((await run('osaka', '61010031', 0n, 103n)).status).toBe('success');
});

test('a write in a static call halts, whatever gas there is', async () => {
  const state = new MemoryState();
  const put = (address: Address, code: string) =>
    state.setAccount(address, {
      nonce: 1n,
      balance: 0n,
      code: Uint8Array.fromHex(code),
      storage: [],
    });
  put(CONTRACT, `5f5f5f5f73${OTHER.slice(2)}61ffff fa5f5260205ff3`.replaceAll(' ', ''));
  for (const code of ['60015f55', '60015f5d']) {
    put(OTHER, code);
    const evm = createEVM({ fork: 'cancun', state, engine: 'interpreter' });
    const result = await evm.call({ to: CONTRACT, gas: GAS });
    expect(result).toMatchObject({ status: 'success', output: new Uint8Array(32) });
    expect(result.status === 'success' && result.gasUsed > 0xffffn).toBe(true);
  }
});
