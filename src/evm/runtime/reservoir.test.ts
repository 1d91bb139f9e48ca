/**
 * State gas (EIP-8037, as Amsterdam's tests have it) under rules of the test's own: small prices,
 * and a limit of execution gas of a million, so that what a transaction has above it is its
 * reservoir. The expected figures are sums of the prices written here.
 */
import { describe, expect, it } from 'vitest';
import { MemoryState } from '../../state/memory.ts';
import { createEVM } from '../evm.ts';
import { type Rules, rulesOf } from '../forks/rules.ts';
import type { Address, Authorization, Engine } from '../types.ts';
import { plainTransaction } from '../plain-transaction.ts';

const LIMIT = 1_000_000n;
const SLOT = 1_000n;
const ACCOUNT = 5_000n;
const CODE_BYTE = 10n;
const RULES: Rules = {
  ...rulesOf('osaka'),
  txGasLimit: LIMIT,
  metersStateGas: true,
  blockGasBeforeRefunds: true,
  stateBytePrice: Number(CODE_BYTE),
  stateBytesSlot: Number(SLOT / CODE_BYTE),
  stateBytesAccount: Number(ACCOUNT / CODE_BYTE),
};

const SENDER: Address = `0x${'5e'.repeat(20)}`;
const CONTRACT: Address = `0x${'c0'.repeat(20)}`;
const CHILD: Address = `0x${'c1'.repeat(20)}`;
const NOBODY = 'e0'.repeat(20);
const RICH = 10n ** 18n;

const SET = '60015f55';
const CLEAR = '5f5f55';
const REVERT = '5f5ffd';
const INVALID = 'fe';
/** CALL of the child with all gas, its success dropped. */
const CALL_CHILD = `5f5f5f5f5f73${CHILD.slice(2)}5af150`;
/** Returns what GAS gives. */
const RETURN_GAS = '5a5f5260205ff3';
const STOP = '00';
/** CREATE by init code of at most eleven bytes, its result dropped. */
const create = (init: string) => `6a${init.padEnd(22, '0')}5f52600b60155ff050`;

interface Case {
  readonly code: string;
  readonly child?: string;
  readonly reservoir?: bigint;
  readonly rules?: Rules;
  readonly authorizationList?: readonly Authorization[];
}

async function run(engine: Engine, test: Case) {
  const { code, child = STOP, reservoir = 0n, rules = RULES, authorizationList = [] } = test;
  const state = new MemoryState();
  const put = (address: Address, bytes: string, balance = 0n) =>
    state.setAccount(address, {
      nonce: 1n,
      balance,
      code: Uint8Array.fromHex(bytes),
      storage: [],
    });
  put(CONTRACT, code, 7n);
  put(CHILD, child);
  state.setAccount(SENDER, { nonce: 0n, balance: RICH, code: new Uint8Array(), storage: [] });
  const evm = createEVM({ rules, state, engine, hotThreshold: 1 });
  const result = await evm.transact(plainTransaction({
    type: authorizationList.length === 0 ? 2 : 4,
    authorizationList,
    sender: SENDER,
    nonce: 0n,
    gasLimit: LIMIT + reservoir,
    to: CONTRACT,
    maxFeePerGas: 10n,
  }));
  if (result.status === 'refused') throw new Error(result.message);
  return result;
}

/** Gas that the same code uses where nothing is charged for the state's growth. */
async function executionOf(engine: Engine, test: Case): Promise<bigint> {
  const rules = { ...RULES, metersStateGas: false, txGasLimit: 0n };
  const { gasUsed, gasRefunded } = await run(engine, { ...test, rules });
  return gasUsed + gasRefunded;
}

describe.each(['interpreter', 'compiler'] as const)('%s', (engine) => {
  const expectState = async (test: Case, stateGas: bigint) => {
    const result = await run(engine, test);
    expect(result.stateGasUsed).toBe(stateGas);
    const execution = await executionOf(engine, test);
    expect(result.gasUsed + result.gasRefunded).toBe(execution + stateGas);
    return result;
  };

  it('a new slot is paid from the reservoir, which GAS does not see', async () => {
    const rich = await expectState({ code: SET + RETURN_GAS, reservoir: 3_000n }, SLOT);
    const left = BigInt(`0x${rich.output.toHex()}`);
    const poor = await expectState({ code: SET + RETURN_GAS, reservoir: 400n }, SLOT);
    expect(BigInt(`0x${poor.output.toHex()}`)).toBe(left - 600n);
    const none = await expectState({ code: SET + RETURN_GAS }, SLOT);
    expect(BigInt(`0x${none.output.toHex()}`)).toBe(left - SLOT);
  });

  it('a slot that is cleared again gives back, to the reservoir', async () => {
    const code = SET + CLEAR + RETURN_GAS;
    const leftOf = async (reservoir: bigint) => {
      const { output } = await expectState({ code, reservoir }, 0n);
      return BigInt(`0x${output.toHex()}`);
    };
    const all = await leftOf(3_000n);
    // 600 or all 1,000 came from gas, and went to where GAS does not see them.
    expect(await leftOf(400n)).toBe(all - 600n);
    expect(await leftOf(0n)).toBe(all - SLOT);
  });

  it('what was given back is lost with the frame that got it', async () => {
    const code = CALL_CHILD + STOP;
    const child = SET + CLEAR + REVERT;
    const execution = await executionOf(engine, { code, child });
    for (const reservoir of [0n, 400n, 9_000n]) {
      const result = await run(engine, { code, child, reservoir });
      expect(result.stateGasUsed).toBe(0n);
      expect(result.gasUsed + result.gasRefunded).toBe(execution + SLOT);
      // Nor does the block count it.
      expect(result.blockGasUsed).toBe(result.gasUsed - SLOT);
    }
  });

  it('what another frame set is given back to the reservoir', async () => {
    // The child sets its slot from gas in its first call, and clears it in its second.
    const child = '5f5415600a575f5f5500' + '5b60015f5500';
    const code = `${CALL_CHILD}${CALL_CHILD}${RETURN_GAS}`;
    for (const reservoir of [0n, 400n, 5_000n]) {
      await expectState({ code, child, reservoir }, 0n);
    }
  });

  it('a callee draws on the reservoir of its caller and hands back the rest', async () => {
    const code = `${CALL_CHILD}${SET}${RETURN_GAS}`;
    for (const reservoir of [0n, 400n, 1_400n, 2_000n, 9_000n]) {
      await expectState({ code, child: SET, reservoir }, 2n * SLOT);
    }
  });

  it('a callee that reverts charges nothing', async () => {
    const code = `${CALL_CHILD}${SET}${RETURN_GAS}`;
    const outputs = [0n, 400n, 1_000n, 9_000n].map(async (reservoir) => {
      const { output } = await expectState({ code, child: SET + REVERT, reservoir }, SLOT);
      return BigInt(`0x${output.toHex()}`) + (reservoir < SLOT ? SLOT - reservoir : 0n);
    });
    expect(new Set(await Promise.all(outputs)).size).toBe(1);
  });

  it('a callee that halts loses its gas, but not the reservoir', async () => {
    const code = `${CALL_CHILD}${SET}`;
    for (const reservoir of [0n, 400n, 1_000n, 9_000n]) {
      const { gasUsed } = await run(engine, { code, child: SET + INVALID, reservoir });
      const idle = await run(engine, { code, child: INVALID, reservoir });
      // What it had paid from its gas came back to the reservoir.
      const paid = reservoir < SLOT ? SLOT - reservoir : 0n;
      expect(gasUsed).toBe(idle.gasUsed - paid);
    }
  });

  it('a transaction that fails charges nothing, and gives the reservoir back', async () => {
    for (const reservoir of [0n, 400n, 9_000n]) {
      await expectState({ code: CALL_CHILD + SET + REVERT, child: SET, reservoir }, 0n);
      const halted = await run(engine, { code: CALL_CHILD + SET + INVALID, child: SET, reservoir });
      // What was paid from gas for two slots came back to the reservoir.
      const paid = reservoir < 2n * SLOT ? 2n * SLOT - reservoir : 0n;
      expect(halted).toMatchObject({ status: 'halt', gasUsed: LIMIT - paid, stateGasUsed: 0n });
    }
  });

  it('value sent to nobody pays for an account, even where the call fails', async () => {
    const send = (value: string) => `5f5f5f5f${value}73${NOBODY}5af150`;
    for (const reservoir of [0n, 4_000n, 9_000n]) {
      await expectState({ code: send('6001') + RETURN_GAS, reservoir }, ACCOUNT);
      // More than there is: it does not come about, and is paid for.
      await expectState({ code: send('6008') + RETURN_GAS, reservoir }, ACCOUNT);
      await expectState({ code: send('5f') + RETURN_GAS, reservoir }, 0n);
      // A precompile that nobody has funded, and that refuses its input of one byte.
      const refused = `5f5f60015f6001600861fffff150${RETURN_GAS}`;
      await expectState({ code: refused, reservoir }, ACCOUNT);
    }
  });

  it('a creation pays for account and code, unless it fails', async () => {
    // Init code that returns three bytes, reverts, or halts.
    const creating = (init: string) => create(init) + RETURN_GAS;
    for (const reservoir of [0n, 5_010n, 9_000n]) {
      await expectState({ code: creating('60035ff3'), reservoir }, ACCOUNT + 3n * CODE_BYTE);
      await expectState({ code: creating('60035ffd'), reservoir }, 0n);
      const halted = await run(engine, { code: creating('fe'), reservoir });
      expect(halted).toMatchObject({ status: 'success', stateGasUsed: 0n });
    }
  });

  it('what is made and deleted is paid for only where the rules keep that', async () => {
    const rules = { ...RULES, keepsDeletedStateGas: true };
    // Sets a slot and leaves all to its creator.
    const code = create('60015f5533ff') + STOP;
    for (const reservoir of [0n, 5_400n, 9_000n]) {
      await expectState({ code, reservoir }, 0n);
      await expectState({ code, reservoir, rules }, ACCOUNT + SLOT);
    }
  });

  it('what fails may be kept: of the transaction and of creations, not of calls', async () => {
    const rules = { ...RULES, keepsFailedStateGas: true };
    for (const reservoir of [0n, 400n, 5_010n, 9_000n]) {
      const failing = { code: CALL_CHILD + SET + REVERT, reservoir, rules };
      await expectState({ ...failing, child: SET }, 2n * SLOT);
      await expectState({ ...failing, child: SET + REVERT }, SLOT);
      const halted = await run(engine, { ...failing, code: SET + INVALID });
      const left = reservoir > SLOT ? reservoir - SLOT : 0n;
      expect(halted).toMatchObject({ gasUsed: LIMIT + reservoir - left, stateGasUsed: SLOT });
      // It reverts, or there is no ether for it.
      await expectState({ code: create('60035ffd') + STOP, reservoir, rules }, ACCOUNT);
      await expectState({ code: `5f5f6008f050${STOP}`, reservoir, rules }, ACCOUNT);
    }
  });

  it('an authorisation for who exists already gives back, to the block by rule only', async () => {
    const authorizationList = [{ chainId: 0n, address: CHILD, nonce: 1n, authority: SENDER }];
    const given = { code: STOP, authorizationList };
    const payer = await run(engine, given);
    const rules = { ...RULES, stateGasAfterAuthorizations: true };
    const both = await run(engine, { ...given, rules });
    expect(payer.stateGasUsed).toBe(ACCOUNT);
    expect(both.stateGasUsed).toBe(0n);
    const { gasUsed, blockGasUsed } = payer;
    expect(both).toMatchObject({ gasUsed, blockGasUsed });
  });

  it('SELFDESTRUCT makes an account of its heir', async () => {
    for (const reservoir of [0n, 4_000n, 9_000n]) {
      await expectState({ code: `73${NOBODY}ff`, reservoir }, ACCOUNT);
      await expectState({ code: `73${CHILD.slice(2)}ff`, reservoir }, 0n);
    }
  });

  it('without the gas for it the frame halts, and nothing has grown', async () => {
    // The child gets what SSTORE costs, and one less or exactly what its slot costs.
    const withGas = (gas: bigint) =>
      `5f5f5f5f5f73${CHILD.slice(2)}62${gas.toString(16).padStart(6, '0')}f15f5260205ff3`;
    const price = 3n + 2n + 22_100n;
    const enough = await run(engine, { code: withGas(price + SLOT), child: SET });
    expect(enough).toMatchObject({ stateGasUsed: SLOT });
    expect(BigInt(`0x${enough.output.toHex()}`)).toBe(1n);
    const short = await run(engine, { code: withGas(price + SLOT - 1n), child: SET });
    expect(short).toMatchObject({ stateGasUsed: 0n });
    expect(BigInt(`0x${short.output.toHex()}`)).toBe(0n);
    const drawn = await run(engine, { code: withGas(price), child: SET, reservoir: SLOT });
    expect(BigInt(`0x${drawn.output.toHex()}`)).toBe(1n);
  });
});

it('no fork up to Osaka charges state gas, and its limit bounds all gas', async () => {
  const rules = rulesOf('osaka');
  const result = await run('interpreter', { code: SET, rules });
  expect(result.stateGasUsed).toBe(0n);
  const above = { ...rules, txGasLimit: LIMIT };
  await expect(run('interpreter', { code: SET, rules: above, reservoir: 1n })).rejects.toThrow();
});
