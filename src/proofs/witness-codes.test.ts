/**
 * Codes of a witness where a block makes the code that an account of its parent's state, the twin,
 * has already: the twin's is there if it is looked at while no deposit of it stands (EIP-8025).
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodeBlock } from '../chain/blocks/block.ts';
import { firstBlock, genesisHeader } from '../chain/blocks/genesis.ts';
import { Chain } from '../chain/chain.ts';
import { createInMemory } from '../chain/database/folder.ts';
import { Machines } from '../chain/machines.ts';
import { BLANK_TRANSACTION } from '../chain/transactions/blank.ts';
import { encodeTransaction } from '../chain/transactions/encode.ts';
import { addressOfKey, signTransaction } from '../chain/transactions/signature.ts';
import type { Address } from '../evm/types.ts';
import { MemoryState } from '../state/memory.ts';
import { TrieMemory } from '../state/trie-memory.ts';
import { verifyBlock, witnessOf } from './stateless.ts';

const KEY = new Uint8Array(32).fill(7);
const SENDER = addressOfKey(KEY);
const TWIN: Address = `0x${'70'.repeat(20)}`;
/** Has the twin's code by EIP-7702. */
const DELEGATED: Address = `0x${'d7'.repeat(20)}`;
/** Where the codes of a test stand, in order. */
const contractAt = (index: number): Address => `0xee${index.toString(16).padStart(38, '0')}`;
const INNER = contractAt(0);
const OUTER = contractAt(1);

const trieMemory = new TrieMemory();
const machines = new Machines({ engine: 'interpreter' });
const spec = { chainId: 1n, forks: [{ fork: 'prague' }] } as const;
/** What the chain itself calls: STOP behind a JUMPDEST. */
const SYSTEM_CONTRACTS: readonly Address[] = [
  '0x000f3df6d732807ef1319fb7b8bb8522d0beac02',
  '0x0000f90827f1c53a10cb7a02335b175320002935',
  '0x00000961ef480eb55e80d19ad83579a64c007002',
  '0x0000bbddc7ce488642fb579f8b00f3a590007251',
];

const push = (address: Address) => `73${address.slice(2)}`;
const call = (address: Address, value = '5f') => `5f5f5f5f${value}${push(address)}5af150`;
/** The init code returns one byte of zero, which is the twin's code. */
const CREATE_TWIN_CODE = '6360015ff35f526004601c5ff050';
const LOOKS: Readonly<Record<string, string>> = {
  call: call(TWIN),
  'call of a delegated account': call(DELEGATED),
  EXTCODESIZE: `${push(TWIN)}3b50`,
  EXTCODECOPY: `60015f5f${push(TWIN)}3c`,
};
const EXTCODEHASH = `${push(TWIN)}3f50`;
const PAY = call(TWIN, '6001');
const STEPS = { make: CREATE_TWIN_CODE, look: call(TWIN), pay: PAY } as const;
const REVERT = '5f5ffd';
const INVALID = 'fe';

/** A block that calls each of `targets`; whether the twin's code is in its witness. */
async function hasTwinCode(
  codes: readonly string[],
  targets: readonly Address[],
): Promise<boolean> {
  const state = new MemoryState();
  const put = (address: Address, hex: string) => {
    const code = Uint8Array.fromHex(hex);
    state.setAccount(address, { nonce: 1n, balance: 10n ** 21n, code, storage: [] });
  };
  for (const address of SYSTEM_CONTRACTS) put(address, '5b00');
  put(SENDER, '');
  put(TWIN, '00');
  put(DELEGATED, `ef0100${TWIN.slice(2)}`);
  for (const [index, code] of codes.entries()) put(contractAt(index), code);
  const limits = { stateRoot: state.root(), gasLimit: 10n ** 9n, baseFeePerGas: 7n };
  const genesis = firstBlock(genesisHeader(spec, { coinbase: SENDER, ...limits }));
  const tree = await createInMemory(genesis, state.asChanges(), { trieMemory });
  const chain = new Chain({ spec, tree, machines });
  const transactions = targets.map((to, index) => {
    const fees = { maxFeePerGas: 100n, maxPriorityFeePerGas: 100n, gasLimit: 2n * 10n ** 8n };
    const fields = { ...BLANK_TRANSACTION, ...fees, type: 0, to, v: 27n } as const;
    return encodeTransaction(signTransaction({ ...fields, nonce: 1n + BigInt(index) }, KEY));
  });
  const { block } = await chain.buildBlock({ timestamp: 12n, coinbase: SENDER, transactions });
  expect(block.transactions).toHaveLength(targets.length);
  const bytes = encodeBlock(block);
  const witness = await witnessOf(chain, bytes);
  await verifyBlock({ spec }, bytes, witness);
  return witness.codes.some((code) => code.toHex() === '00');
}

it.each(Object.entries(LOOKS))('%s after an undone frame that found it', async (_, look) => {
  for (const undone of [REVERT, INVALID]) {
    const inner = CREATE_TWIN_CODE + look + undone;
    expect(await hasTwinCode([inner, call(INNER) + look], [OUTER])).toBe(true);
    // Nobody looks at it afterwards, or only at the hash.
    expect(await hasTwinCode([inner, call(INNER)], [OUTER])).toBe(false);
    expect(await hasTwinCode([inner, call(INNER) + EXTCODEHASH], [OUTER])).toBe(false);
  }
});

it('a later transaction after an undone frame that found and paid the twin', async () => {
  const inner = CREATE_TWIN_CODE + PAY + REVERT;
  expect(await hasTwinCode([inner], [INNER, TWIN])).toBe(true);
  expect(await hasTwinCode([inner], [INNER])).toBe(false);
});

it('an undone frame that has no room in a small context', async () => {
  // LOG0 of 4.5 MB. Begun twice, it would leave the deposit of the run that was given up.
  const inner = `${CREATE_TWIN_CODE}624500005fa0${REVERT}`;
  expect(await hasTwinCode([inner, call(INNER) + call(TWIN)], [OUTER])).toBe(true);
  expect(await hasTwinCode([inner], [INNER, TWIN])).toBe(true);
});

interface Frame {
  readonly steps: readonly ('make' | 'look' | 'pay' | Frame)[];
  readonly undone: boolean;
}

/** Whether somebody looks at the code while nothing that stands has made it. */
function isNeeded(transactions: readonly Frame[]): boolean {
  let needed = false;
  const run = ({ steps, undone }: Frame, madeBefore: boolean): boolean => {
    let made = madeBefore;
    for (const step of steps) {
      if (typeof step !== 'string') made = run(step, made);
      else if (step === 'make') made = true;
      else if (!made) needed = true;
    }
    return undone ? madeBefore : made;
  };
  transactions.reduce((made, frame) => run(frame, made), false);
  return needed;
}

it('frames that make it, look at it and are undone or stand, in any order', async () => {
  const { frame } = fc.letrec<{ frame: Frame; step: Frame['steps'][number] }>((tie) => ({
    frame: fc.record({
      steps: fc.array(tie('step'), { minLength: 1, maxLength: 4 }),
      undone: fc.boolean(),
    }),
    step: fc.oneof({ depthSize: 'small' }, fc.constantFrom('make', 'look', 'pay'), tie('frame')),
  }));
  const property = fc.asyncProperty(
    fc.array(frame, { minLength: 1, maxLength: 3 }),
    async (all) => {
      const codes: string[] = [];
      const contractOf = ({ steps, undone }: Frame): Address => {
        const code = steps.map((step) =>
          typeof step === 'string' ? STEPS[step] : call(contractOf(step)),
        );
        codes.push(code.join('') + (undone ? REVERT : ''));
        return contractAt(codes.length - 1);
      };
      const targets = all.map(contractOf);
      expect(await hasTwinCode(codes, targets)).toBe(isNeeded(all));
    },
  );
  await fc.assert(property, { numRuns: 100 });
});
