/** What is warm from the start is the fork's (EIP-2929), wherever a call has its precompiles. */
import { expect, it } from 'vitest';
import { createEVM } from '../evm.ts';
import type { StateOverrides } from '../execution-options.ts';
import type { Address } from '../types.ts';

const TO: Address = `0x${'aa'.repeat(20)}`;
const ELSEWHERE: Address = `0x${'bb'.repeat(20)}`;
const IDENTITY: Address = `0x${'04'.padStart(40, '0')}`;
/** PUSH20, BALANCE and POP. */
const WARM = 3n + 100n + 2n;
const COLD = WARM + 2_500n;

async function gasOfBalance(address: Address, overrides: StateOverrides): Promise<bigint> {
  const evm = createEVM({ fork: 'cancun' });
  const code = Uint8Array.fromHex(`73${address.slice(2)}3150`);
  const result = await evm.call({ to: TO, overrides: { ...overrides, [TO]: { code } } });
  if (result.status === 'refused') throw new Error(result.message);
  return result.gasUsed;
}

it('an address that is overridden stays warm', async () => {
  expect(await gasOfBalance(IDENTITY, {})).toBe(WARM);
  expect(await gasOfBalance(IDENTITY, { [IDENTITY]: { balance: 1n } })).toBe(WARM);
});

it('an address to which a precompile is moved is cold, the one that it left is warm', async () => {
  const moved = { [IDENTITY]: { movePrecompileToAddress: ELSEWHERE } };
  expect(await gasOfBalance(ELSEWHERE, moved)).toBe(COLD);
  expect(await gasOfBalance(IDENTITY, moved)).toBe(WARM);
});
