import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { expect, it, vi } from 'vitest';
import { firstBlock, genesisHeader } from '../../chain/blocks/genesis.ts';
import { createInFolder, openFolder } from '../../chain/database/folder.ts';
import { MemoryState } from '../../state/memory.ts';
import { register } from './snapshot.ts';

it('a database goes into a file and comes out of it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ironfly-db-snapshot-'));
  const [source, file, copy] = ['source', 'file', 'copy'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const state = new MemoryState();
  const coinbase = `0x${'0a'.repeat(20)}` as const;
  const storage = [[1n, 2n]] as const;
  state.setAccount(coinbase, { nonce: 1n, balance: 2n, code: Uint8Array.of(1), storage });
  const given = { coinbase, stateRoot: state.root(), gasLimit: 5_000n };
  const spec = { chainId: 1n, forks: [{ fork: 'frontier' }] } as const;
  const block = firstBlock(genesisHeader(spec, given));
  await (await createInFolder(source, block, state.asChanges(), { spec })).close();

  const run = (...words: string[]) => {
    const db = new Command('db');
    register(db);
    return db.parseAsync(words, { from: 'user' });
  };
  await run('snapshot', source, file);
  const other = `0x${'11'.repeat(32)}`;
  await expect(run('restore', file, copy, '--block', other)).rejects.toThrow('not 0x1111');
  const homestead = run('restore', file, copy, '--network', 'Homestead');
  await expect(homestead).rejects.toThrow(
    'the snapshot is of another chain: where it has frontier',
  );
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const said = () => written.mock.calls.splice(0).join('');
  await run('restore', file, `${copy}-2`);
  expect(said()).toContain('chain 1\n  frontier\nthe chain is the file’s word');
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    const ended = run('restore', file, `${copy}-3`);
    process.emit(name);
    await ended;
    expect(process.exitCode).toBe(130);
    process.exitCode = 0;
    expect(said()).toBe('');
    await expect(openFolder(`${copy}-3`)).rejects.toMatchObject({ code: 'database/incomplete' });
  }
  await run('restore', file, `${copy}-3`);
  expect(said()).toContain(`1 slots in ${copy}-3`);
  await run('restore', file, copy, '--block', block.hash, '--network', 'Frontier');
  expect(said()).toMatch(/^chain 1\n {2}frontier\nblock 0/);
  written.mockRestore();
  const database = await openFolder(copy);
  expect(database.head.hash).toBe(block.hash);
  expect(database.state.getStorage(coinbase, 1n)).toBe(2n);
  await database.close();
  await rm(folder, { recursive: true });
});
