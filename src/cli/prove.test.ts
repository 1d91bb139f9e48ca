/** `ironfly prove`, `verify-proof` and `verify-block` as they are typed. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { toHex } from '../base/bytes.ts';
import { encodeBlock } from '../chain/blocks/block.ts';
import { firstBlock, genesisHeader } from '../chain/blocks/genesis.ts';
import { Chain } from '../chain/chain.ts';
import { createInMemory } from '../chain/database/folder.ts';
import { Machines } from '../chain/machines.ts';
import { createChain, genesisOf } from '../chain/open-chain.ts';
import { witnessOf } from '../proofs/stateless.ts';
import { MemoryState } from '../state/memory.ts';

const BIN = fileURLToPath(new URL('../../bin/ironfly.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'ironfly-prove-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, content instanceof Uint8Array ? content : JSON.stringify(content));
  return path;
}

describe('proofs', () => {
  const address = `0x${'ab'.repeat(20)}`;
  const account = { balance: '0x5', nonce: '0x1', storage: { '0x0': '0x7', '0x1': '0x8' } };
  const state = file('state.json', { [address]: account, [`0x${'cd'.repeat(20)}`]: {} });

  test('are made and verified', () => {
    const made = run('prove', address, '0', '0x5', '--state', state);
    expect(made).toMatchObject({ status: 0, stderr: '' });
    const { stateRoot, proof } = JSON.parse(made.stdout);
    const verified = run('verify-proof', file('proof.json', proof), '--root', stateRoot);
    expect(verified).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(verified.stdout)).toMatchObject({
      proven: true,
      exists: true,
      nonce: '1',
      balance: '5',
      storage: { '0x0': '0x7', '0x5': '0x0' },
    });
    const claims = file('claims.json', { ...proof, balance: '0x6' });
    const refused = run('verify-proof', claims, '--root', stateRoot);
    expect(refused.status).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({ proven: false, code: 'proof/not proven' });
  });

  test('are refused where they are none', () => {
    const root = `0x${'00'.repeat(32)}`;
    const fault = run('verify-proof', file('none.json', { address }), '--root', root);
    expect(fault.status).toBe(1);
    expect(fault.stderr).toContain('accountProof');
    expect(run('verify-proof', 'x', '--root', '0x12').status).toBe(2);
    expect(run('prove', '0x12', '--state', state).status).toBe(2);
  });
});

describe('proofs of a database', () => {
  const rich = `0x${'01'.repeat(20)}` as const;
  const withdrawal = { index: 0n, validatorIndex: 0n, address: rich, amount: 5n };

  test('are made of any block that it keeps, and verified', async () => {
    const db = join(folder, 'chain');
    const state = new MemoryState();
    const storage = Array.from({ length: 30 }, (_, slot) => [BigInt(slot), 7n] as const);
    const contract = `0x${'c0'.repeat(20)}` as const;
    state.setAccount(contract, { nonce: 1n, balance: 0n, code: new Uint8Array(), storage });
    const spec = { chainId: 1n, forks: [{ fork: 'shanghai' }] } as const;
    const chain = await createChain(genesisOf({ spec, state }), { folder: db });
    const request = { timestamp: 12n, coinbase: contract, transactions: [] };
    const { bytes } = await chain.buildBlock({ ...request, withdrawals: [withdrawal] });
    const { hash } = await chain.importBlock(bytes);
    await chain.setHead(hash);
    await chain.close();

    for (const [block, exists] of [
      ['latest', true],
      [hash, true],
      ['1', true],
      ['0', false],
    ] as const) {
      const made = run('prove', rich, '1', '--db', db, '--block', block);
      expect(made).toMatchObject({ status: 0, stderr: '' });
      const { stateRoot } = JSON.parse(made.stdout);
      const path = file('of-block.json', JSON.parse(made.stdout));
      const verified = run('verify-proof', path, '--root', stateRoot);
      expect(JSON.parse(verified.stdout)).toMatchObject({ proven: true, exists });
    }
    const range = run('prove-range', '--db', db, '--account', contract, '--count', '20');
    expect(range).toMatchObject({ status: 0, stderr: '' });
    const made = JSON.parse(range.stdout);
    const whole = run('verify-range', file('range.json', made), '--root', made.root);
    expect(JSON.parse(whole.stdout)).toMatchObject({ proven: true, entries: 20, more: true });
    const fewer = file('fewer.json', { ...made, entries: made.entries.toSpliced(7, 1) });
    expect(run('verify-range', fewer, '--root', made.root).status).toBe(1);

    const none = run('prove', rich, '--db', db, '--block', '9');
    expect(none.status).toBe(1);
    expect(none.stderr).toContain('there is no block 9');
    expect(run('prove', rich).stderr).toContain('--db');
  });
});

describe('blocks', () => {
  test('are verified upon their witness', async () => {
    const state = new MemoryState();
    const spec = { chainId: 1n, forks: [{ fork: 'shanghai' }] } as const;
    const genesis = genesisHeader(spec, {
      coinbase: `0x${'c0'.repeat(20)}`,
      stateRoot: state.root(),
      gasLimit: 10_000_000n,
      baseFeePerGas: 7n,
    });
    const machines = new Machines({ engine: 'interpreter' });
    const tree = await createInMemory(firstBlock(genesis), state.asChanges());
    const chain = new Chain({ spec, tree, machines });
    const withdrawals = [
      { index: 0n, validatorIndex: 0n, address: genesis.coinbase, amount: 5n },
      { index: 1n, validatorIndex: 0n, address: `0x${'c1'.repeat(20)}`, amount: 5n },
    ] as const;
    const { coinbase } = genesis;
    const request = { timestamp: 9n, coinbase, transactions: [], withdrawals };
    const { block } = await chain.buildBlock(request);
    const bytes = encodeBlock(block);
    const { headers } = await witnessOf(chain, bytes);
    const path = file('block.rlp', bytes);
    const witness = { state: [], codes: [], headers: headers.map(toHex) };
    const whole = file('witness.json', witness);
    const valid = run('verify-block', path, whole, '--network', 'Shanghai');
    expect(valid).toMatchObject({ status: 0, stderr: '' });
    const { hash } = block;
    expect(JSON.parse(valid.stdout)).toMatchObject({ verdict: 'valid', number: '1', hash });
    const lacking = file('lacking.json', { ...witness, headers: [] });
    const unproven = run('verify-block', path, lacking, '--network', 'Shanghai');
    expect(unproven.status).toBe(1);
    expect(JSON.parse(unproven.stdout)).toMatchObject({
      verdict: 'unproven',
      code: 'proof/missing',
    });
    const invalid = run('verify-block', path, whole, '--network', 'Paris');
    expect(JSON.parse(invalid.stdout)).toMatchObject({ verdict: 'invalid' });
    expect(run('verify-block', path, whole, '--network', 'Nowhere').status).toBe(2);
  });
});
