/** Proofs and a block with its witness: made in Node.js, held to their roots in a browser. */

import { fromHex, type Hex, toHex } from '../../src/base/bytes.ts';
import type { AccountProof } from '../../src/proofs/verify.ts';
import type { Witness } from '../../src/proofs/witness.ts';

/** As JSON has them. */
export interface SentProofs {
  readonly stateRoot: Hex;
  readonly proof: AccountProof;
  /** Of slot 0. */
  readonly value: string;
  readonly block: Hex;
  readonly witness: Readonly<Record<keyof Witness, readonly Hex[]>>;
}

export const PROOFS_CHAIN = { chainId: 1337n, forks: [{ fork: 'cancun' }] } as const;

export async function makeProofs(): Promise<SentProofs> {
  const { createChain, genesisOf } = await import('../../src/chain/open-chain.ts');
  const { proveAccount } = await import('../../src/proofs/chain-proofs.ts');
  const { witnessOf } = await import('../../src/proofs/stateless.ts');
  const { COUNTER, counterState } = await import('../../examples/contracts.ts');
  const { KEY_ADDRESS, signedCount } = await import('../../examples/signed.ts');
  const state = counterState();
  const code = new Uint8Array();
  state.setAccount(KEY_ADDRESS, { nonce: 0n, balance: 10n ** 19n, code, storage: [] });
  const chain = await createChain(genesisOf({ spec: PROOFS_CHAIN, state }));
  const { hash, header } = chain.head;
  const proof = await proveAccount(chain, { block: hash, address: COUNTER, slots: [0n, 1n] });
  const coinbase = `0x${'fe'.repeat(20)}` as const;
  const request = { timestamp: 12n, coinbase, transactions: [signedCount(0n)] };
  const { bytes } = await chain.buildBlock(request);
  const witness = await witnessOf(chain, bytes);
  await chain.close();
  const hex = (all: readonly Uint8Array[]) => all.map(toHex);
  const { stateRoot } = header;
  return {
    stateRoot,
    proof,
    value: String(state.getStorage(COUNTER, 0n)),
    block: toHex(bytes),
    witness: {
      state: hex(witness.state),
      codes: hex(witness.codes),
      headers: hex(witness.headers),
    },
  };
}

/** Verifies all, and sees that what was tampered with is refused. @throws where it is not so */
export async function verifyProofs(sent: SentProofs): Promise<void> {
  const { stateRoot, proof, value, block, witness } = sent;
  const { verifyProof } = await import('../../src/proofs/verify.ts');
  const { verifyBlock } = await import('../../src/proofs/stateless.ts');
  const { address } = proof;
  const { storage } = verifyProof({ stateRoot, address, proof });
  if (storage.get(0n) !== BigInt(value) || storage.get(1n) !== 0n) {
    throw new Error(`the slots prove to be ${[...storage.values()].join(' and ')}`);
  }
  await refused('a balance that is another', 'proof/', async () =>
    verifyProof({ stateRoot, address, proof: { ...proof, balance: '0x1' } }),
  );
  await refused('another root', 'proof/', async () =>
    verifyProof({ stateRoot: proof.storageHash, address, proof }),
  );
  const bytes = fromHex(block);
  const whole: Witness = {
    state: witness.state.map(fromHex),
    codes: witness.codes.map(fromHex),
    headers: witness.headers.map(fromHex),
  };
  const { outcome } = await verifyBlock({ spec: PROOFS_CHAIN }, bytes, whole);
  if (outcome.receipts[0]?.succeeded !== true) throw new Error('the transaction failed');
  await refused('a witness without its codes', 'proof/', () =>
    verifyBlock({ spec: PROOFS_CHAIN }, bytes, { ...whole, codes: [] }),
  );
  const other = bytes.slice();
  other[bytes.length >> 1] = (other[bytes.length >> 1] as number) ^ 1;
  await refused('a block that is another', 'block/', () =>
    verifyBlock({ spec: PROOFS_CHAIN }, other, whole),
  );
}

async function refused(what: string, code: string, verify: () => Promise<unknown>) {
  try {
    await verify();
  } catch (error) {
    if ((error as { code?: string }).code?.startsWith(code)) return;
    throw error;
  }
  throw new Error(`${what} was taken`);
}
