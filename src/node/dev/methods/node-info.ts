/** Methods about the node itself, what waits in its pool, and its log. */

import { type MethodTable, method } from '../../rpc/method.ts';
import { dataHex, quantity, readAddress, readBoolean, readHash } from '../../rpc/values.ts';
import type { DevNode } from '../dev-node.ts';
import { named } from './aliases.ts';
import { readLooseU64 } from './values.ts';

const metadata = method([], ({ ledger, dev, clientVersion }: DevNode) => ({
  clientVersion,
  chainId: Number(ledger.chainId),
  instanceId: dev.instanceId,
  latestBlockNumber: Number(ledger.head.header.number),
  latestBlockHash: ledger.head.hash,
  snapshots: dev.chain.openSnapshots(),
}));

const nodeInfo = method([], ({ ledger, dev }: DevNode) => {
  const { number, timestamp, hash } = { ...ledger.head.header, hash: ledger.head.hash };
  const { gasLimit = ledger.head.header.gasLimit } = dev.chain.settings;
  const { baseFee } = dev.chain.prices;
  return {
    currentBlockNumber: quantity(number),
    currentBlockTimestamp: Number(timestamp),
    currentBlockHash: hash,
    hardFork: ledger.rulesOf(ledger.head).rules.fork,
    transactionOrder: dev.pool.order,
    environment: {
      baseFee: quantity(baseFee),
      chainId: Number(ledger.chainId),
      gasLimit: Number(gasLimit),
      gasPrice: quantity(baseFee + 1_000_000_000n),
    },
    forkConfig: { forkUrl: null, forkBlockNumber: null, forkRetryBackoff: null },
  };
});

/** The hash where it was there, as Anvil has it. */
const dropTransaction = method([readHash], ({ dev }: DevNode, [hash]) =>
  dev.pool.remove(hash) ? hash : null,
);

const dropAllTransactions = method([], ({ dev }: DevNode) => {
  dev.pool.clear();
  return null;
});

const setLoggingEnabled = method([readBoolean], ({ dev }: DevNode, [isOn]) => {
  dev.log.isOn = isOn;
  return null;
});

export const devNodeMethods: MethodTable<DevNode> = {
  ...named(['anvil', 'hardhat'], { metadata, dropAllTransactions, setLoggingEnabled }),
  anvil_nodeInfo: nodeInfo,
  anvil_dropTransaction: dropTransaction,
  // Hardhat's says whether it was there.
  hardhat_dropTransaction: method([readHash], ({ dev }: DevNode, [hash]) => dev.pool.remove(hash)),
  debug_clearTxpool: dropAllTransactions,
  anvil_removePoolTransactions: method([readAddress], ({ dev }: DevNode, [sender]) => {
    dev.pool.removeOf(sender);
    return null;
  }),
  anvil_setChainId: method([readLooseU64], ({ dev }: DevNode, [chainId]) => {
    dev.setChainId(chainId);
    return null;
  }),
  anvil_getBlobByHash: method([readHash], ({ dev }: DevNode, [versionedHash]) => {
    const found = dev.pool.blob(versionedHash);
    return found === undefined ? null : dataHex(found.blob);
  }),
  anvil_getBlobsByTransactionHash: method([readHash], ({ dev }: DevNode, [hash]) => {
    const sidecar = dev.pool.sidecar(hash);
    return sidecar === undefined ? null : sidecar.blobs.map(dataHex);
  }),
};
