/** A chain in memory: a block is built, imported, chosen as the head, and its state read. */
import { createChain, genesisOf } from '../src/chain/open-chain.ts';
import { createEVM } from '../src/evm/evm.ts';
import { COUNTER, counterState } from './contracts.ts';
import { KEY_ADDRESS, signedCount } from './signed.ts';

const state = counterState();
const code = new Uint8Array();
state.setAccount(KEY_ADDRESS, { nonce: 0n, balance: 10n ** 19n, code, storage: [] });
const spec = { chainId: 1337n, forks: [{ fork: 'cancun' }] } as const;
const chain = await createChain(genesisOf({ spec, state }));
const { hash: genesis } = chain.head;

const coinbase = `0x${'fe'.repeat(20)}` as const;
const transactions = [signedCount(0n), signedCount(1n), signedCount(1n)];
const { bytes, refused } = await chain.buildBlock({ timestamp: 12n, coinbase, transactions });
console.log(refused.map(({ error }) => error.details['reason'])); // [ 'nonce too low' ]

const { hash, receipts } = await chain.importBlock(bytes);
console.log(receipts.map(({ succeeded }) => succeeded)); // [ true, true ]
await chain.setHead(hash);
console.log(chain.head.header.number); // 1n

// Any block of the window can be read, and called upon, whatever is imported meanwhile.
for (const at of [genesis, hash]) {
  const view = await chain.openView(at);
  const called = await createEVM({ fork: 'cancun', state: view }).call({ to: COUNTER });
  if (called.status === 'success') console.log(BigInt(`0x${called.output.toHex()}`)); // 42n, 44n
  view.close();
}
await chain.close();
