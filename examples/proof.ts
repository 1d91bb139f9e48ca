/** A proof of an account and a slot, made of a chain and verified with nothing but a root. */
import { createChain, genesisOf } from '../src/chain/open-chain.ts';
import { proveAccount } from '../src/proofs/chain-proofs.ts';
import { verifyProof } from '../src/proofs/verify.ts';
import { COUNTER, counterState } from './contracts.ts';

const spec = { chainId: 1337n, forks: [{ fork: 'cancun' }] } as const;
const chain = await createChain(genesisOf({ spec, state: counterState() }));
const { hash: block, header } = chain.head;
const proof = await proveAccount(chain, { block, address: COUNTER, slots: [0n, 1n] });
await chain.close();

// Whoever gets the proof as JSON trusts nothing but the root.
const received = JSON.parse(JSON.stringify(proof)) as typeof proof;
const { stateRoot } = header;
const proven = verifyProof({ stateRoot, address: COUNTER, proof: received });
console.log(proven.account?.nonce, proven.storage.get(0n), proven.storage.get(1n)); // 1n 41n 0n
try {
  verifyProof({ stateRoot, address: COUNTER, proof: { ...received, balance: '0x1' } });
} catch (error) {
  console.log((error as Error).message); // the answer’s balance is 0x1, proven is 0
}
