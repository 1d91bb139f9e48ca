/** A block executed without any state: upon the witness that was collected of it. */
import { createChain, genesisOf } from '../src/chain/open-chain.ts';
import { verifyBlock, witnessOf } from '../src/proofs/stateless.ts';
import { counterState } from './contracts.ts';
import { KEY_ADDRESS, signedCount } from './signed.ts';

const state = counterState();
const code = new Uint8Array();
state.setAccount(KEY_ADDRESS, { nonce: 0n, balance: 10n ** 19n, code, storage: [] });
const spec = { chainId: 1337n, forks: [{ fork: 'cancun' }] } as const;
const chain = await createChain(genesisOf({ spec, state }));
const coinbase = `0x${'fe'.repeat(20)}` as const;
const { bytes } = await chain.buildBlock({
  timestamp: 12n,
  coinbase,
  transactions: [signedCount(0n)],
});
const witness = await witnessOf(chain, bytes);
await chain.close();

const { block, outcome } = await verifyBlock({ spec }, bytes, witness);
console.log(block.header.number, outcome.receipts[0]?.succeeded); // 1n true
try {
  await verifyBlock({ spec }, bytes, { ...witness, codes: [] });
} catch (error) {
  console.log((error as { code?: string }).code); // proof/missing
}
