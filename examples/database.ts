/** A chain in a folder: what was imported is there when it is opened again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createChain, genesisOf, openChain } from '../src/chain/open-chain.ts';
import { COUNTER, counterState } from './contracts.ts';
import { KEY_ADDRESS, signedCount } from './signed.ts';

const folder = await mkdtemp(join(tmpdir(), 'ironfly-example-'));
const coinbase = `0x${'fe'.repeat(20)}` as const;
const spec = { chainId: 1337n, forks: [{ fork: 'cancun' }] } as const;
const state = counterState();
const code = new Uint8Array();
state.setAccount(KEY_ADDRESS, { nonce: 0n, balance: 10n ** 19n, code, storage: [] });

const first = await createChain(genesisOf({ spec, state }), { folder });
const { bytes } = await first.buildBlock({
  timestamp: 12n,
  coinbase,
  transactions: [signedCount(0n)],
});
await first.setHead((await first.importBlock(bytes)).hash);
await first.close();

const second = await openChain(folder);
const { hash, header } = second.head;
const view = await second.openView(hash);
console.log(header.number, await view.getStorage(COUNTER, 0n)); // 1n 42n
view.close();
console.log((await second.blockAt(1n))?.transactions.length); // 1
await second.close();
await rm(folder, { recursive: true });
