/** Methods that ask nothing of a block: net_, web3_, and who the chain is. */

import { keccak256 } from '../../base/keccak.ts';
import type { Node } from '../node.ts';
import { type MethodTable, method } from '../rpc/method.ts';
import { dataHex, quantity, readData } from '../rpc/values.ts';

export const basicMethods: MethodTable<Node> = {
  web3_clientVersion: method([], ({ clientVersion }: Node) => clientVersion),
  web3_sha3: method([readData], (_: Node, [bytes]) => dataHex(keccak256(bytes))),
  net_version: method([], ({ ledger }: Node) => `${ledger.chainId}`),
  net_listening: method([], () => true),
  net_peerCount: method([], () => quantity(0)),
  eth_chainId: method([], ({ ledger }: Node) => quantity(ledger.chainId)),
  eth_blockNumber: method([], ({ ledger }: Node) => quantity(ledger.head.header.number)),
  eth_syncing: method([], () => false),
};
