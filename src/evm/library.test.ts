/** The library as its users see it: overrides, checks, limits, precompiles, hooks, snapshots. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryState } from '../state/memory.ts';
import type { CallEnter, CallExit, TransactOptions } from './evm.ts';
import { createEVM } from './evm.ts';
import { InputError } from './input.ts';
import type { Address, Engine, ExecutionResult, StateReader, Transaction } from './types.ts';

const at = (digits: string): Address => `0x${digits.padStart(40, '0')}`;
const SENDER = at('aa');
const A = at('a1');
const B = at('b1');
const hex = (code: string) => Uint8Array.fromHex(code);
/** Returns the word on the stack. */
const RETURN = '5f5260205ff3';
const sload = (slot: number) => `60${slot.toString(16).padStart(2, '0')}54`;
const ENGINES: readonly Engine[] = ['interpreter', 'compiler', 'auto'];

function stateWith(accounts: Readonly<Record<Address, string>>): MemoryState {
  const state = new MemoryState();
  const put = (address: Address, code: string, balance: bigint) =>
    state.setAccount(address, {
      nonce: 0n,
      balance,
      code: hex(code),
      storage: code === '' ? [] : [[1n, 0x11n]],
    });
  put(SENDER, '', 10n ** 18n);
  for (const [address, code] of Object.entries(accounts)) put(address as Address, code, 5n);
  return state;
}

function transaction(fields: Partial<Transaction>): Transaction {
  return {
    type: 0,
    sender: SENDER,
    nonce: 0n,
    gasLimit: 200_000n,
    to: A,
    value: 0n,
    data: new Uint8Array(),
    maxFeePerGas: 10n,
    maxPriorityFeePerGas: 10n,
    accessList: [],
    maxFeePerBlobGas: 0n,
    blobVersionedHashes: [],
    authorizationList: [],
    ...fields,
  };
}

const word = (result: { status: string; output?: Uint8Array }): bigint =>
  BigInt(`0x${result.output?.toHex() || '0'}`);

describe.each(ENGINES)('a state that is read elsewhere, %s', (engine) => {
  /** Stores the call data's word in slot 1 and what BALANCE and SLOAD said in slots 2 and 3. */
  const code = `60015473${B.slice(2)}315f35600155600255600355`;

  it('is not read again where the EVM knows it, and is after setState', async () => {
    const first = stateWith({ [A]: code, [B]: '' });
    const evm = createEVM({ state: first, engine });
    const data = new Uint8Array(32).fill(7);
    const { changes } = (await evm.transact(transaction({ data }))) as ExecutionResult;
    const reads: string[] = [];
    const read = <T>(what: string, value: T): T => {
      reads.push(what);
      return value;
    };
    const second: StateReader = {
      getAccount: (address) => read(address, first.getAccount(address)),
      getStorage: (address, slot) => read(`${slot}`, first.getStorage(address, slot)),
      getCode: (hash) => first.getCode(hash),
      hasStorage: (address) => first.hasStorage(address),
      getBlockHash: () => `0x${'00'.repeat(32)}`,
    };
    first.apply(changes);
    const again = transaction({ nonce: 1n, data: data.toReversed() });
    evm.continueOn(second);
    const known = (await evm.transact(again)) as ExecutionResult;
    expect(reads).toEqual([]);
    const fresh = createEVM({ state: first, engine });
    expect(known).toEqual(await fresh.transact(again));
    first.apply(known.changes);
    evm.setState(second);
    await evm.transact(transaction({ nonce: 2n, data }));
    expect(reads).toContain('1');
  });

  it('answers BLOCKHASH by the new reader', async () => {
    const code = `600140${RETURN}`;
    const state = stateWith({ [A]: code });
    const evm = createEVM({ state, engine, block: { number: 2n } });
    expect(word(await evm.call({ to: A }))).toBe(0n);
    const hash = `0x${'ab'.repeat(32)}` as const;
    const next: StateReader = Object.assign(Object.create(state), { getBlockHash: () => hash });
    evm.continueOn(next);
    expect(word(await evm.call({ to: A }))).toBe(BigInt(hash));
  });
});

describe('state overrides', () => {
  it('pretend balance, nonce and code for one call', async () => {
    const state = stateWith({ [A]: `73${B.slice(2)}31${RETURN}` });
    const evm = createEVM({ state });
    const plain = word(await evm.call({ to: A }));
    expect(plain).toBe(0n);
    expect(word(await evm.call({ to: A, overrides: { [B]: { balance: 77n } } }))).toBe(77n);
    expect(
      word(await evm.call({ to: B, overrides: { [B]: { code: hex(`6042${RETURN}`) } } })),
    ).toBe(0x42n);
    expect(word(await evm.call({ to: A }))).toBe(0n);
  });

  it.each(ENGINES)('replace the storage, or single slots (%s)', async (engine) => {
    const evm = createEVM({
      state: stateWith({ [A]: `${sload(1)}${sload(2)}01${RETURN}` }),
      engine,
    });
    const call = async (override: object) =>
      word(await evm.call({ to: A, overrides: { [A]: override } }));
    expect(await call({ stateDiff: new Map([[2n, 4n]]) })).toBe(0x15n);
    expect(await call({ stateDiff: new Map([[1n, 0n]]) })).toBe(0n);
    expect(await call({ state: new Map([[2n, 4n]]) })).toBe(4n);
    expect(await call({ state: new Map() })).toBe(0n);
    expect(await call({})).toBe(0x11n);
  });

  it('lie over what the block has committed, and leave it alone', async () => {
    // Adds one to slot 1 and returns it.
    const evm = createEVM({ state: stateWith({ [A]: `600160015401600155${sload(1)}${RETURN}` }) });
    await evm.transact(transaction({}));
    const overrides = { [A]: { stateDiff: new Map([[2n, 4n]]) } };
    expect(word(await evm.call({ to: A, overrides }))).toBe(0x13n);
    const replaced = { [A]: { state: new Map([[1n, 0x80n]]) } };
    expect(word(await evm.call({ to: A, overrides: replaced }))).toBe(0x81n);
    expect(word(await evm.call({ to: A }))).toBe(0x13n);
  });

  it('move a precompile, and put code where one was', async () => {
    const evm = createEVM({ state: stateWith({}) });
    const overrides = { [at('4')]: { movePrecompileToAddress: B, code: hex(`6042${RETURN}`) } };
    const data = hex('010203');
    expect(await evm.call({ to: B, data, overrides })).toMatchObject({ output: data });
    expect(word(await evm.call({ to: at('4'), data, overrides }))).toBe(0x42n);
    expect(await evm.call({ to: at('4'), data })).toMatchObject({ output: data });
    const wrong = { [A]: { movePrecompileToAddress: B } };
    await expect(evm.call({ to: B, overrides: wrong })).rejects.toThrow(InputError);
  });

  it('wait for a state that answers by promises', async () => {
    const inner = stateWith({ [A]: `${sload(1)}47015f5260205ff3` });
    const evm = createEVM({
      state: {
        getAccount: async (address) => inner.getAccount(address),
        getStorage: async (address, slot) => inner.getStorage(address, slot),
        getCode: async (hash) => inner.getCode(hash),
        hasStorage: async (address) => inner.hasStorage(address),
        getBlockHash: async (number) => inner.getBlockHash(number),
      },
    });
    const overrides = { [A]: { balance: 100n } };
    expect(word(await evm.call({ to: A, overrides }))).toBe(0x11n + 100n);
  });

  it('are each call’s own, side by side', async () => {
    const inner = stateWith({ [A]: `${sload(1)}47015f5260205ff3` });
    const later = async <T>(value: T): Promise<T> => value;
    const evm = createEVM({
      state: {
        getAccount: (address) => later(inner.getAccount(address)),
        getStorage: (address, slot) => later(inner.getStorage(address, slot)),
        getCode: (hash) => later(inner.getCode(hash)),
        hasStorage: (address) => later(inner.hasStorage(address)),
        getBlockHash: (number) => later(inner.getBlockHash(number)),
      },
    });
    const calls = [100n, undefined, 300n, 400n].map((balance) =>
      evm.call({ to: A, ...(balance === undefined ? {} : { overrides: { [A]: { balance } } }) }),
    );
    expect(() => evm.revert(evm.snapshot())).toThrow(/await/);
    const words = (await Promise.all(calls)).map(word);
    expect(words).toEqual([100n, 5n, 300n, 400n].map((balance) => balance + 0x11n));
  });

  it('are refused with a commit, and both kinds of storage at once', async () => {
    const evm = createEVM({ state: stateWith({}) });
    const options: TransactOptions = { overrides: { [A]: { balance: 1n } } };
    await expect(evm.transact(transaction({}), options)).rejects.toThrow(/commit/);
    const both = { [A]: { state: new Map(), stateDiff: new Map() } };
    await expect(evm.call({ to: A, overrides: both })).rejects.toThrow(/state and stateDiff/);
  });
});

describe('block overrides, checks and limits', () => {
  it('hold for one call', async () => {
    const evm = createEVM({ state: stateWith({ [A]: `43${RETURN}` }), block: { number: 7n } });
    expect(word(await evm.call({ to: A, block: { number: 9n } }))).toBe(9n);
    expect(word(await evm.call({ to: A }))).toBe(7n);
  });

  it('are switched off one by one', () => {
    const evm = createEVM({ state: stateWith({ [A]: '00' }), block: { baseFee: 50n } });
    const run = (fields: Partial<Transaction>, options: TransactOptions = {}) => {
      const result = evm.transactSync(transaction(fields), { commit: false, ...options });
      return result.status === 'refused' ? result.reason : result.status;
    };
    expect(run({})).toBe('fee below base fee');
    expect(run({}, { checks: { baseFee: false } })).toBe('success');
    const paying = { maxFeePerGas: 60n };
    expect(run({ ...paying, nonce: 5n })).toBe('nonce too high');
    expect(run({ ...paying, nonce: 5n }, { checks: { nonce: false } })).toBe('success');
    expect(run({ ...paying, value: 10n ** 30n })).toBe('insufficient funds');
    const free = { checks: { balance: false } };
    expect(run({ ...paying, value: 10n ** 30n }, free)).toBe('success');
    expect(run({ ...paying, sender: A })).toBe('sender has code');
    const poor = { checks: { senderCode: false, balance: false } };
    expect(run({ ...paying, sender: A }, poor)).toBe('success');
  });

  it('pay no tip below the base fee', () => {
    const evm = createEVM({
      state: stateWith({ [A]: '00' }),
      block: { baseFee: 50n, coinbase: B },
    });
    const result = evm.transactSync(transaction({}), { commit: false, checks: { baseFee: false } });
    expect(result.status === 'refused' || result.changes.accounts.get(B)?.balance).toBeFalsy();
  });

  it('move limits of code, init code and gas', () => {
    const evm = createEVM({ state: stateWith({}) });
    // Returns 0x6001 zero bytes as code: one more than EIP-170 allows.
    const create = { to: undefined, data: hex('6160015ff3'), gasLimit: 10_000_000n };
    const run = (options: TransactOptions, fields: Partial<Transaction> = create) =>
      evm.transactSync(transaction(fields), { commit: false, ...options });
    expect(run({})).toMatchObject({ reason: 'code too large' });
    expect(run({ limits: { codeSize: 0x6001 } })).toMatchObject({ status: 'success' });
    expect(run({ limits: { codeSize: 0 } })).toMatchObject({ status: 'success' });
    const long = { to: undefined, data: new Uint8Array(49_153), gasLimit: 10_000_000n };
    expect(run({}, long)).toMatchObject({ reason: 'init code too large' });
    expect(run({ limits: { initCodeSize: 0 } }, long)).toMatchObject({ status: 'success' });
    const dear = { gasLimit: 16_777_217n };
    expect(run({}, dear)).toMatchObject({ reason: 'gas limit exceeds maximum' });
    expect(run({ limits: { transactionGas: 0n } }, dear)).toMatchObject({ status: 'success' });
  });

  it('leave out what nobody looks at, and change it nonetheless', () => {
    const evm = createEVM({ state: stateWith({}) });
    const send = { to: B, value: 3n };
    const first = evm.transactSync(transaction(send), { changes: false });
    expect(first).toMatchObject({ status: 'success', changes: { accounts: new Map() } });
    const second = evm.transactSync(transaction({ ...send, nonce: 1n }));
    expect(second.status === 'success' && second.changes.accounts.get(B)?.balance).toBe(6n);
  });

  it('frozen and given again are what they were, whatever was in between', () => {
    const evm = createEVM({ state: stateWith({}) });
    const create = { to: undefined, data: hex('6160015ff3'), gasLimit: 10_000_000n };
    const run = (options: TransactOptions) =>
      evm.transactSync(transaction(create), { commit: false, ...options });
    const larger = { limits: Object.freeze({ codeSize: 0x6001 }) };
    for (const between of [
      {},
      { limits: Object.freeze({ codeSize: 1 }) },
      { customPrecompiles: {} },
    ]) {
      expect(run(larger)).toMatchObject({ status: 'success' });
      expect(run(larger)).toMatchObject({ status: 'success' });
      expect(run(between)).toMatchObject({ reason: 'code too large' });
      expect(run(between)).toMatchObject({ reason: 'code too large' });
    }
  });
});

describe('a block of one call', () => {
  it('frozen and given again is what it was, upon what the EVM’s is by then', async () => {
    /** Returns the block's number and the chain's id: NUMBER, SHL 128, CHAINID, OR. */
    const evm = createEVM({ state: stateWith({ [A]: `4360801b4617${RETURN}` }), chainId: 7n });
    const seen = async (block: TransactOptions['block']) => {
      const value = word(await evm.call({ to: A, ...(block && { block }) }));
      return [value >> 128n, value & 0xffn];
    };
    const third = Object.freeze({ number: 3n });
    const changing = { number: 4n };
    expect(await seen(third)).toEqual([3n, 7n]);
    expect(await seen(third)).toEqual([3n, 7n]);
    expect(await seen(undefined)).toEqual([1n, 7n]);
    expect(await seen(third)).toEqual([3n, 7n]);
    expect(await seen(changing)).toEqual([4n, 7n]);
    changing.number = 5n;
    expect(await seen(changing)).toEqual([5n, 7n]);
    expect(await seen(third)).toEqual([3n, 7n]);
    evm.setChainId(8n);
    expect(await seen(third)).toEqual([3n, 8n]);
  });
});

describe('custom precompiles', () => {
  it('run beside and instead of the fork’s, held to their gas', async () => {
    const double = (input: Uint8Array) => ({
      gasUsed: 10n,
      output: Uint8Array.from([...input, ...input]),
    });
    const evm = createEVM({ state: stateWith({}), customPrecompiles: { [B]: double } });
    const data = hex('01ff');
    expect(await evm.call({ to: B, data })).toMatchObject({
      output: hex('01ff01ff'),
      gasUsed: 10n,
    });
    expect(await evm.call({ to: B, data, gas: 9n })).toMatchObject({
      reason: 'precompile failure',
    });
    const customPrecompiles = { [at('4')]: double };
    const replaced = await evm.call({ to: at('4'), data, customPrecompiles });
    expect(replaced).toMatchObject({ output: hex('01ff01ff') });
    expect(await evm.call({ to: at('4'), data })).toMatchObject({ output: data });
    const sha = await evm.call({ to: at('2') });
    expect(sha).toMatchObject({ status: 'success', gasUsed: 60n });
  });
});

/** CALL(gas 0xffff, B, value 1). */
const CALL_B = `5f5f5f5f600173${B.slice(2)}61fffff1`;

describe('hooks', () => {
  it.each(ENGINES)('see calls begin and end (%s)', async (engine) => {
    const evm = createEVM({
      state: stateWith({ [A]: `${CALL_B}00`, [B]: '60aa5f5260205ffd' }),
      engine,
    });
    const entered: CallEnter[] = [];
    const left: CallExit[] = [];
    const hooks = {
      onEnter: (call: CallEnter) => entered.push(call),
      onExit: (call: CallExit) => left.push(call),
    };
    const watched = await evm.call({ to: A, hooks, data: hex('1234') });
    const free = await evm.call({ to: A, data: hex('1234') });
    expect(watched).toEqual(free);
    expect(entered).toMatchObject([
      { kind: 'call', depth: 0, to: A, value: 0n, gas: 1_000_000_000n, input: hex('1234') },
      { kind: 'call', depth: 1, from: A, to: B, codeAddress: B, value: 1n, gas: 0xffffn + 2300n },
    ]);
    expect(left).toMatchObject([
      { depth: 1, status: 'revert', output: hex('aa'.padStart(64, '0')) },
      { depth: 0, status: 'success', reason: undefined },
    ]);
    expect(left[1]?.gasUsed).toBe(free.status === 'refused' ? 0n : free.gasUsed);
  });

  it('see precompiles, creations and delegate calls', async () => {
    const create = '5f5f5ff0';
    const delegate = `5f5f5f5f73${B.slice(2)}61fffff4`;
    const identity = '5f5f5f5f600461fffffa';
    const evm = createEVM({
      state: stateWith({ [A]: `${create}${delegate}${identity}00`, [B]: '30ff' }),
    });
    const kinds: string[] = [];
    const onEnter = ({ kind, precompile, depth }: CallEnter) =>
      kinds.push(`${depth} ${kind}${precompile ? ' precompile' : ''}`);
    const heirs: unknown[] = [];
    const onExit = ({ selfdestruct }: CallExit) => heirs.push(selfdestruct?.heir);
    await evm.call({ to: A, hooks: { onEnter, onExit } });
    expect(kinds).toEqual(['0 call', '1 create', '1 delegatecall', '1 staticcall precompile']);
    expect(heirs).toEqual([undefined, A, undefined, undefined]);
  });

  it.each(ENGINES)('see calls that fail before they begin (%s)', async (engine) => {
    // CALL with more value than there is, CREATE likewise, CREATE2 twice at one address.
    const call = `5f5f600460016103e873${B.slice(2)}61fffff1`;
    const create = '60035f6103e8f0';
    const twice = '5f5f5f5ff5'.repeat(2);
    const evm = createEVM({ state: stateWith({ [A]: `${call}${create}${twice}00` }), engine });
    const events: string[] = [];
    const hooks = {
      onEnter: ({ kind, depth, value, input, from }: CallEnter) =>
        events.push(`${kind} ${depth} ${value} ${input.length} ${from === A}`),
      onExit: ({ depth, reason, status }: CallExit) => events.push(`${depth} ${reason ?? status}`),
    };
    const watched = await evm.call({ to: A, hooks });
    expect(watched).toEqual(await evm.call({ to: A }));
    expect(events.slice(1)).toEqual([
      ...['call 1 1000 4 true', '1 insufficient balance'],
      ...['create 1 1000 3 true', '1 insufficient balance'],
      ...['create2 1 0 0 true', '1 success'],
      ...['create2 1 0 0 true', '1 create collision', '0 success'],
    ]);
    const steps = async (options: object) => {
      const seen: number[] = [];
      await evm.call({ to: A, ...options, onStep: ({ pc }) => seen.push(pc) });
      return seen;
    };
    expect(await steps({ hooks: {} })).toEqual(await steps({}));
  });

  it('leave the machine whole when they throw', async () => {
    const evm = createEVM({ state: stateWith({ [A]: `${CALL_B}${RETURN}`, [B]: '00' }) });
    const onExit = () => {
      throw new Error('enough');
    };
    await expect(evm.call({ to: A, hooks: { onExit } })).rejects.toThrow('enough');
    expect(word(await evm.call({ to: A }))).toBe(1n);
  });

  it('go with steps, and each sees all', async () => {
    const evm = createEVM({ state: stateWith({ [A]: `${CALL_B}00`, [B]: '00' }) });
    const steps = async (hooks: object) => {
      const seen: string[] = [];
      await evm.call({ to: A, ...hooks, onStep: ({ pc, depth }) => seen.push(`${depth}:${pc}`) });
      return seen;
    };
    expect(await steps({ hooks: {} })).toEqual(await steps({}));
  });
});

describe('accesses and access lists', () => {
  it('tell by field what was read and written, reverted or not', async () => {
    const write = `6007600255${sload(1)}50`;
    const revert = '5f5ffd';
    const evm = createEVM({ state: stateWith({ [A]: `${CALL_B}00`, [B]: `${write}${revert}` }) });
    const result = await evm.call({ to: A, accesses: true });
    const accesses = result.status === 'refused' ? undefined : result.accesses;
    expect(accesses?.accounts.get(A)?.reads).toMatchObject({ balance: true, nonce: false });
    expect(new Map(accesses?.accounts.get(B)?.slots)).toEqual(
      new Map([
        [1n, { read: true, written: false }],
        [2n, { read: true, written: true }],
      ]),
    );
  });

  it('list what saves gas, and not what is warm anyway', async () => {
    const read = `${sload(1)}50`;
    const evm = createEVM({
      state: stateWith({ [A]: `${read}${CALL_B}505f5f5f5f600461fffffa00`, [B]: read }),
      block: { coinbase: at('cc') },
    });
    const found = await evm.createAccessList(transaction({ nonce: 99n }));
    const slot = `0x${'1'.padStart(64, '0')}` as const;
    expect(found.accessList).toEqual([
      { address: A, storageKeys: [slot] },
      { address: B, storageKeys: [slot] },
    ]);
    const { accessList } = found;
    const again = await evm.transact(transaction({ type: 1, accessList }), { commit: false });
    expect(again).toMatchObject({ status: 'success', gasUsed: found.gasUsed });
    const old = createEVM({ fork: 'istanbul' });
    await expect(old.createAccessList(transaction({}))).rejects.toThrow(InputError);
  });
});

describe('snapshots', () => {
  it('take back commits: accounts, slots, creations', () => {
    const evm = createEVM({ state: stateWith({ [A]: `600160015401600155${sload(1)}${RETURN}` }) });
    const run = (nonce: bigint, fields: Partial<Transaction> = {}) =>
      evm.transactSync(transaction({ nonce, ...fields }));
    run(0n);
    const first = evm.snapshot();
    expect(word(run(1n) as { status: string })).toBe(0x13n);
    const second = evm.snapshot();
    const create = { to: undefined, data: hex('600160005360015ff3') };
    const created = run(2n, create);
    expect(created.status).toBe('success');
    evm.revert(second);
    expect(run(2n, create)).toEqual(created);
    evm.revert(first);
    expect(word(run(1n) as { status: string })).toBe(0x13n);
    evm.revert(first);
    expect(() => evm.revert(second)).toThrow(InputError);
    expect(word(run(1n) as { status: string })).toBe(0x13n);
  });

  it('leave what was kept, whatever was taken back before', () => {
    // Adds the call data's word to the slot that it names and to slot 1; returns their sum.
    const named = '5f35545f35015f3555';
    const first = '6001545f3501600155';
    const code = `${named}${first}5f3554${sload(1)}01${RETURN}`;
    const run = (evm: ReturnType<typeof createEVM>, nonce: bigint, value: number) => {
      const data = hex(value.toString(16).padStart(64, '0'));
      return evm.transactSync(transaction({ nonce, data }));
    };
    const step = fc.oneof(fc.integer({ min: 1, max: 3 }), fc.constantFrom('snapshot', 'revert'));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const state = stateWith({ [A]: code });
        const evm = createEVM({ state, engine: 'interpreter' });
        const open: { snapshot: number; kept: number[] }[] = [];
        let kept: number[] = [];
        for (const action of ['snapshot', ...steps] as const) {
          if (action === 'snapshot') open.push({ snapshot: evm.snapshot(), kept: [...kept] });
          else if (action === 'revert') {
            const point = open[open.length - 1];
            if (open.length > 1) open.pop();
            evm.revert(point?.snapshot ?? 0);
            kept = [...(point?.kept ?? [])];
          } else {
            run(evm, BigInt(kept.length), action as number);
            kept.push(action as number);
          }
        }
        const fresh = createEVM({ state, engine: 'interpreter' });
        kept.forEach((value, index) => run(fresh, BigInt(index), value));
        const probe = (machine: typeof evm) => run(machine, BigInt(kept.length), 2);
        const probed = probe(evm);
        expect(probed.status).toBe('success');
        expect(probed).toEqual(probe(fresh));
      }),
      { numRuns: 60 },
    );
  });
});

describe('hostile values', () => {
  const hostile = fc.oneof(
    fc.anything({ withBigInt: true, withTypedArray: true, withMap: true }),
    fc.bigInt(),
    fc.constantFrom(-1n, 2n ** 64n, 2n ** 256n, '0x', `0x${'g'.repeat(40)}`, NaN, null),
    fc.constantFrom(`0x${'AB'.repeat(20)}`, `0X${'ab'.repeat(20)}`, `0x${'ab'.repeat(32)}`),
  );
  const fields = Object.keys(transaction({}));

  it('in a transaction give a result or a typed error, and the machine stays whole', () => {
    const evm = createEVM({ state: stateWith({ [A]: `6042${RETURN}` }) });
    fc.assert(
      fc.property(fc.constantFrom(...fields), hostile, (field, value) => {
        const sent = { ...transaction({}), [field]: value } as Transaction;
        try {
          evm.transactSync(sent, { commit: false });
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
          expect((error as InputError).message).toMatch(/give /);
        }
        expect(word(evm.transactSync(transaction({}), { commit: false }) as never)).toBe(0x42n);
      }),
      { numRuns: 2_000 },
    );
  });

  it('in a bare frame the gas is bounded, too', () => {
    const evm = createEVM({ state: stateWith({ [A]: `5a${RETURN}` }) });
    const bare = { commit: false, callOnly: true };
    const run = (gasLimit: bigint) => evm.transactSync(transaction({ gasLimit }), bare);
    expect(() => run(2n ** 63n)).toThrow(InputError);
    expect(word(run(2n ** 63n - 1n) as { status: string })).toBe(2n ** 63n - 3n);
  });

  it('a system call is a bare frame that takes nothing along', () => {
    const evm = createEVM({ state: stateWith({ [A]: `6042${RETURN}` }) });
    const options = { commit: false, callOnly: true, systemCall: true };
    expect(word(evm.transactSync(transaction({}), options) as { status: string })).toBe(66n);
    expect(() => evm.transactSync(transaction({ value: 1n }), options)).toThrow(InputError);
    const whole = { commit: false, systemCall: true };
    expect(() => evm.transactSync(transaction({}), whole)).toThrow(InputError);
  });

  it('in a call, a block or an override likewise', async () => {
    const evm = createEVM({ state: stateWith({ [A]: `6042${RETURN}` }) });
    const names = ['from', 'to', 'data', 'value', 'gas', 'gasPrice', 'accessList', 'overrides'];
    const inner = ['balance', 'nonce', 'code', 'state', 'stateDiff', 'movePrecompileToAddress'];
    const block = ['number', 'timestamp', 'coinbase', 'gasLimit', 'baseFee', 'prevRandao'];
    const request = fc.oneof(
      fc.tuple(fc.constantFrom(...names), hostile).map(([k, v]) => ({ [k]: v })),
      fc
        .tuple(fc.constantFrom(...inner), hostile)
        .map(([k, v]) => ({ overrides: { [A]: { [k]: v } } })),
      fc.tuple(fc.constantFrom(...block), hostile).map(([k, v]) => ({ block: { [k]: v } })),
      fc.tuple(fc.constantFrom('codeSize', 'transactionGas'), hostile).map(([k, v]) => ({
        limits: { [k]: v },
      })),
      hostile.map((customPrecompiles) => ({ customPrecompiles })),
    );
    const property = fc.asyncProperty(request, async (asked) => {
      try {
        await evm.call({ to: A, ...asked } as never);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
      }
      expect(word(await evm.call({ to: A }))).toBe(0x42n);
    });
    await fc.assert(property, { numRuns: 2_000 });
  });

  it('take addresses of any case', async () => {
    const to = `0x${'ab'.repeat(20)}` as const;
    const state = stateWith({ [to]: `6042${RETURN}` });
    const evm = createEVM({ state });
    expect(word(await evm.call({ to: `0x${'aB'.repeat(20)}` }))).toBe(0x42n);
  });
});
