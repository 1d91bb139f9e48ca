import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { LmdbStore } from '../../state/store/lmdb-store.ts';
import { EMPTY_ROOT } from '../../state/trie.ts';
import { firstBlock, genesisHeader } from '../blocks/genesis.ts';
import type { ChainSpec } from '../chain-spec.ts';
import { createInFolder, openFolder } from './folder.ts';

const root = mkdtempSync(join(tmpdir(), 'ironfly-folder-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const newFolder = () => join(root, `${folders++}`);

const SPEC: ChainSpec = {
  chainId: 5n,
  forks: [{ fork: 'paris' }, { fork: 'cancun', timestamp: 9n }],
};
const OTHERS: [ChainSpec, string][] = [
  [{ ...SPEC, chainId: 6n }, 'its id is 5, not 6'],
  [{ ...SPEC, daoFork: 7n }, 'its DAO fork is at undefined, not at 7'],
  [{ ...SPEC, depositContract: `0x${'ab'.repeat(20)}` }, 'its deposit contract is undefined'],
  [{ ...SPEC, forks: SPEC.forks.slice(0, 1) }, 'where it has cancun, from time 9, no fork is'],
  [
    { ...SPEC, forks: [{ fork: 'paris', rules: { maxCodeSize: 7 } }, ...SPEC.forks.slice(1)] },
    'where it has paris, paris, maxCodeSize 7 is wanted',
  ],
];

async function make(folder: string, spec?: ChainSpec): Promise<void> {
  const header = genesisHeader(SPEC, {
    stateRoot: EMPTY_ROOT,
    gasLimit: 5000n,
    coinbase: `0x${'00'.repeat(20)}`,
  });
  const state = { accounts: new Map(), codes: new Map() };
  const limits = spec === undefined ? {} : { spec };
  const database = await createInFolder(folder, firstBlock(header), state, limits);
  await database.close();
}

describe('the folder of a database', () => {
  it('says of what chain it is', async () => {
    const folder = newFolder();
    await make(folder, SPEC);
    const same = { chainId: 5n, forks: [SPEC.forks[0], { timestamp: 9n, fork: 'cancun' }] };
    for (const spec of [undefined, SPEC, same as ChainSpec]) {
      const database = await openFolder(folder, spec === undefined ? {} : { spec });
      expect(database.spec).toEqual(SPEC);
      await database.close();
    }
    for (const [spec, message] of OTHERS) {
      const opening = openFolder(folder, { spec });
      await expect(opening).rejects.toMatchObject({ code: 'database/another chain' });
      await expect(opening).rejects.toThrow(message);
    }
  });

  it('need not say it, but then it is opened without', async () => {
    const folder = newFolder();
    await make(folder);
    await expect(openFolder(folder, { spec: SPEC })).rejects.toThrow('does not say');
    const database = await openFolder(folder);
    expect(database.spec).toBeUndefined();
    await database.close();
  });

  it('is refused when what it says is damaged', async () => {
    const folder = newFolder();
    await make(folder, SPEC);
    const store = await LmdbStore.open({ folder: join(folder, 'state') });
    const key = Buffer.from('\0chain');
    await store.write([{ key, value: Buffer.from('{"chainId":"5"}') }]);
    await store.close();
    const opening = openFolder(folder);
    await expect(opening).rejects.toMatchObject({ code: 'database/damaged' });
    await expect(opening).rejects.toThrow('forks is missing');
  });

  it('is not made by opening it', async () => {
    const folder = newFolder();
    await expect(openFolder(folder)).rejects.toMatchObject({ code: 'database/missing' });
    expect(existsSync(folder)).toBe(false);
  });
});
