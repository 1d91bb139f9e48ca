/** Requests that are put to Anvil and to `ironfly dev`, in the order in which they stand. */

import type { Compiled } from './counter.ts';

export type Request = readonly [method: string, params: readonly unknown[]];

const FIRST = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266';
const SECOND = '0x70997970c51812dc3a010c7d01b50e0d17dc79c8';
const STRANGER = '0x00000000000000000000000000000000deadbeef';
/** Of the first account, created by its first transaction. */
const COUNTER = '0x5fbdb2315678afecb367f032d93f642f64180aa3';
const word = (value: number) => value.toString(16).padStart(64, '0');
const SLOT = `0x${word(5)}`;
const FEES = { maxFeePerGas: '0x77359400', maxPriorityFeePerGas: '0x3b9aca00' };
const COUNT = '0x06661abd';
const ADD = '0x1003e2d2';
/** Hashes of transactions are those of both, where nothing is left to the node. */
const transfer = (nonce: number, more: object = {}) => ({
  ...{ from: FIRST, to: SECOND, value: '0x1', gas: '0x5208', nonce: `0x${nonce.toString(16)}` },
  ...FEES,
  ...more,
});

export function requests({ bytecode }: Compiled): readonly Request[] {
  const creation = { data: `${bytecode}${word(5)}`, gas: '0x100000', to: undefined, value: '0x0' };
  const add = (by: number) => ({ to: COUNTER, data: `${ADD}${word(by)}`, value: '0x0' });
  const latest = (method: string, ...params: readonly unknown[]): Request => {
    return [method, [...params, 'latest']];
  };
  return [
    ['eth_chainId', []],
    ['net_version', []],
    ['eth_accounts', []],
    ['eth_blockNumber', []],
    ['eth_syncing', []],
    latest('eth_getBalance', FIRST),
    latest('eth_getTransactionCount', FIRST),
    latest('eth_getCode', FIRST),
    ['eth_sendTransaction', [transfer(0, creation)]],
    latest('eth_getTransactionCount', FIRST),
    latest('eth_call', { to: COUNTER, data: COUNT }),
    latest('eth_getCode', COUNTER),
    latest('eth_getStorageAt', COUNTER, '0x0'),
    latest('eth_estimateGas', { from: FIRST, ...add(7) }),
    ['eth_sendTransaction', [transfer(1, { ...add(7), gas: '0x30000' })]],
    latest('eth_call', { to: COUNTER, data: COUNT }),
    latest('eth_call', { from: FIRST, ...add(101) }),
    latest('eth_call', { from: FIRST, ...add(0) }),
    latest('eth_estimateGas', { from: FIRST, ...add(0) }),
    ['eth_getLogs', [{ fromBlock: '0x0', toBlock: 'latest', address: COUNTER }]],
    ['eth_sendTransaction', [transfer(2, { ...add(0), gas: '0x30000' })]],
    ['eth_getBlockByNumber', ['latest', true]],
    ['eth_getTransactionByBlockNumberAndIndex', ['latest', '0x0']],
    ['eth_getBlockReceipts', ['latest']],
    ['eth_getBlockTransactionCountByNumber', ['latest']],
    ['eth_getUncleCountByBlockNumber', ['latest']],
    ['eth_sendTransaction', [transfer(2)]],
    ['eth_sendTransaction', [transfer(3, { value: `0x${'f'.repeat(30)}` })]],
    ['eth_sendTransaction', [transfer(3, { gas: '0x5207' })]],
    ['eth_sendTransaction', [transfer(3, { from: STRANGER })]],
    ['anvil_setBalance', [STRANGER, '0xde0b6b3a7640000']],
    latest('eth_getBalance', STRANGER),
    ['anvil_setNonce', [STRANGER, '0x5']],
    latest('eth_getTransactionCount', STRANGER),
    ['anvil_setCode', [SECOND, '0x600160005260206000f3']],
    latest('eth_getCode', SECOND),
    ['anvil_setStorageAt', [SECOND, '0x1', SLOT]],
    latest('eth_getStorageAt', SECOND, '0x1'),
    ['anvil_impersonateAccount', [STRANGER]],
    ['evm_snapshot', []],
    ['eth_sendTransaction', [transfer(5, { from: STRANGER, gas: '0x8000' })]],
    latest('eth_getTransactionCount', STRANGER),
    ['evm_revert', ['0x0']],
    ['evm_revert', ['0x0']],
    latest('eth_getTransactionCount', STRANGER),
    latest('eth_getBalance', STRANGER),
    ['anvil_stopImpersonatingAccount', [STRANGER]],
    ['evm_mine', []],
    ['anvil_mine', ['0x3']],
    ['eth_blockNumber', []],
    ['anvil_getAutomine', []],
    ['evm_setAutomine', [false]],
    ['eth_sendTransaction', [transfer(3, { gas: '0x8000' })]],
    ['txpool_status', []],
    ['eth_getTransactionCount', [FIRST, 'pending']],
    ['txpool_content', []],
    ['anvil_dropAllTransactions', []],
    ['txpool_status', []],
    ['evm_setAutomine', [true]],
    ['anvil_setNextBlockBaseFeePerGas', ['0x3b9aca00']],
    ['evm_setBlockGasLimit', ['0x1000000']],
    ['anvil_setCoinbase', [STRANGER]],
    ['evm_mine', []],
    ['eth_getBlockByNumber', ['latest', false]],
    ['eth_feeHistory', ['0x2', 'latest', [50]]],
    ['eth_gasPrice', []],
    ['eth_maxPriorityFeePerGas', []],
    ['eth_sign', [FIRST, '0x1234']],
    ['personal_sign', ['0x1234', FIRST]],
    ['eth_signTransaction', [transfer(9)]],
    ['web3_sha3', ['0x1234']],
    ['eth_createAccessList', [{ from: FIRST, ...add(7) }, 'latest']],
    ['eth_getBlockByNumber', ['0xffffff', false]],
    ['eth_getTransactionByHash', [`0x${'12'.repeat(32)}`]],
    ['eth_getTransactionReceipt', [`0x${'12'.repeat(32)}`]],
    ['eth_noSuchMethod', []],
    ['eth_getBalance', ['0x12', 'latest']],
    ['evm_setNextBlockTimestamp', ['0x1']],
    ['anvil_rollback', [1]],
    ['eth_blockNumber', []],
  ];
}
