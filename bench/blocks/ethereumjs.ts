/** EthereumJS executing the same blocks, its state in a trie in memory; it checks all roots. */

import { createBlockFromRLP } from '@ethereumjs/block';
import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { createMPT } from '@ethereumjs/mpt';
import { MerkleStateManager } from '@ethereumjs/statemanager';
import { Account, createAddressFromString, setLengthLeft } from '@ethereumjs/util';
import { createVM, runBlock } from '@ethereumjs/vm';
import type { MemoryState } from '../../src/state/memory.ts';
import type { Beginning, MadeBlock } from './chain.ts';
import { CHAIN_ID } from './scenario.ts';

const word = (value: bigint) =>
  setLengthLeft(Uint8Array.fromHex(value.toString(16).padStart(64, '0')), 32);

/** Puts a whole state into an empty one. */
export async function putState(
  stateManager: MerkleStateManager,
  state: MemoryState,
): Promise<void> {
  for (const address of state.addresses()) {
    const account = state.getAccount(address);
    if (account === undefined) continue;
    const at = createAddressFromString(address);
    await stateManager.putAccount(at, new Account(account.nonce, account.balance));
    const code = state.getCode(account.codeHash);
    if (code.length > 0) await stateManager.putCode(at, code);
    for (const [slot, value] of state.storageOf(address)) {
      await stateManager.putStorage(at, word(slot), word(value));
    }
  }
  await stateManager.flush();
}

/** Milliseconds of each block. */
export async function runInEthereumJs(
  { genesis, state }: Beginning,
  blocks: readonly MadeBlock[],
): Promise<number[]> {
  const common = new Common({
    chain: { ...Mainnet, chainId: Number(CHAIN_ID) },
    hardfork: Hardfork.Osaka,
  });
  const trie = await createMPT({ useKeyHashing: true });
  const stateManager = new MerkleStateManager({ common, trie });
  const vm = await createVM({ common, stateManager });
  await putState(stateManager, state);
  let root = await stateManager.getStateRoot();
  if (`0x${root.toHex()}` !== genesis.header.stateRoot) throw new Error('EthereumJS: other state');
  const times: number[] = [];
  for (const { bytes, gasUsed } of blocks) {
    const start = performance.now();
    const block = createBlockFromRLP(bytes, { common });
    const result = await runBlock(vm, { block, root, skipHeaderValidation: true });
    times.push(performance.now() - start);
    if (result.gasUsed !== gasUsed) throw new Error(`EthereumJS used ${result.gasUsed} gas`);
    root = block.header.stateRoot;
  }
  return times;
}
