/** Methods that say when blocks are made, what they have, and of which time they are. */

import type { Hash } from '../../../evm/types.ts';
import { RpcError } from '../../rpc/errors.ts';
import { type Caller, type MethodTable, method } from '../../rpc/method.ts';
import {
  membersOf,
  optional,
  quantity,
  type Read,
  readAddress,
  readBoolean,
  readHash,
  withDefault,
} from '../../rpc/values.ts';
import type { DevNode } from '../dev-node.ts';
import { INTERVAL_MS_MAX } from '../mining.ts';
import { named } from './aliases.ts';
import { readCount, readLooseU64, readLooseWord, readSeconds } from './values.ts';

/** Blocks that one request makes: about a minute. */
const BLOCKS_MAX = 100_000;
const SECONDS_MAX = Math.floor(INTERVAL_MS_MAX / 1_000);

/** `evm_mine` takes a time, or an object of a time and a number of blocks. */
const readMineOptions: Read<{ timestamp: bigint | undefined; blocks: number }> = (value, path) => {
  if (typeof value !== 'object' || value === null) {
    return { timestamp: optional(readLooseU64)(value, path), blocks: 1 };
  }
  const { timestamp, blocks } = membersOf(value, path);
  return {
    timestamp: optional(readLooseU64)(timestamp, `${path}.timestamp`),
    blocks: withDefault(readCount(BLOCKS_MAX), 1)(blocks, `${path}.blocks`),
  };
};

const mineSome = async (
  { dev, ledger }: DevNode,
  { timestamp, blocks }: { timestamp: bigint | undefined; blocks: number },
  { signal }: Caller,
): Promise<void> => {
  if (timestamp !== undefined) dev.chain.clock.setNext(timestamp, ledger.head.header.timestamp);
  await dev.chain.mine(blocks, { signal });
};

const mine = method(
  [withDefault(readCount(BLOCKS_MAX), 1), optional(readLooseU64)],
  async ({ dev }: DevNode, [count, interval], { signal }) => {
    await dev.chain.mine(count, { signal, ...(interval === undefined ? {} : { interval }) });
    return null;
  },
);

const setAutomine = method([readBoolean], ({ dev }: DevNode, [isOn]) => {
  dev.chain.isAutomining = isOn;
  // One way at a time, as by Anvil and Hardhat.
  if (isOn) dev.interval.set(0);
  return true;
});

const setNextBlockTimestamp = method(
  [readLooseU64],
  async ({ dev, ledger }: DevNode, [timestamp]) => {
    dev.chain.clock.setNext(timestamp, ledger.head.header.timestamp);
    await dev.chain.configure({});
    return null;
  },
);

const increaseTime = method([readSeconds], async ({ dev }: DevNode, [seconds]) => {
  const offset = dev.chain.clock.increase(seconds);
  await dev.chain.configure({});
  return Number(offset);
});

const setTime = method([readLooseU64], async ({ dev }: DevNode, [timestamp]) => {
  const moved = dev.chain.clock.set(timestamp);
  await dev.chain.configure({});
  return Number(moved);
});

const setIntervalSeconds = method([readCount(SECONDS_MAX)], ({ dev }: DevNode, [seconds]) => {
  dev.chain.isAutomining = false;
  dev.interval.set(seconds * 1_000);
  return null;
});

/** Hardhat's takes milliseconds, or a range of them; Anvil's seconds. */
const setIntervalMining = setIntervalSeconds;

const setBlockGasLimit = method([readLooseU64], async ({ dev }: DevNode, [gasLimit]) => {
  if (gasLimit === 0n) throw new RpcError('invalid params', 'a block gas limit is above 0');
  await dev.chain.configure({ gasLimit });
  return true;
});

const setNextBlockBaseFeePerGas = method([readLooseWord], async ({ dev }: DevNode, [fee]) => {
  await dev.chain.configure({ nextBaseFee: fee });
  return null;
});

const setPrevRandao = method([readHash], async ({ dev }: DevNode, [hash]) => {
  await dev.chain.configure({ nextPrevRandao: hash as Hash });
  return true;
});

const setCoinbase = method([readAddress], async ({ dev }: DevNode, [coinbase]) => {
  await dev.chain.configure({ coinbase });
  return true;
});

const setMinGasPrice = method([readLooseWord], ({ dev, ledger }: DevNode, [price]) => {
  const { pool } = dev;
  if (ledger.rulesOf(ledger.head).is('london')) {
    const message = 'is not supported when EIP-1559 is active';
    throw new RpcError('invalid params', `setMinGasPrice ${message}`);
  }
  pool.limits = { ...pool.limits, tipMin: price };
  return null;
});

export const devMiningMethods: MethodTable<DevNode> = {
  ...named(['anvil', 'hardhat'], {
    mine,
    setCoinbase,
    setMinGasPrice,
    setNextBlockBaseFeePerGas,
    getAutomine: method([], ({ dev }: DevNode) => dev.chain.isAutomining),
  }),
  ...named(['anvil', 'evm'], {
    setAutomine,
    setBlockGasLimit,
    setNextBlockTimestamp,
    increaseTime,
    setTime,
    setIntervalMining,
  }),
  hardhat_setPrevRandao: setPrevRandao,
  anvil_setNextBlockPrevRandao: setPrevRandao,
  anvil_getIntervalMining: method([], ({ dev }: DevNode) => {
    const { milliseconds } = dev.interval;
    return milliseconds === 0 ? null : milliseconds / 1_000;
  }),
  anvil_setBlockTimestampInterval: method([readLooseU64], async ({ dev }: DevNode, [seconds]) => {
    dev.chain.clock.setInterval(seconds);
    await dev.chain.configure({});
    return null;
  }),
  anvil_removeBlockTimestampInterval: method([], async ({ dev }: DevNode) => {
    const had = dev.chain.clock.state.interval !== undefined;
    dev.chain.clock.setInterval(undefined);
    await dev.chain.configure({});
    return had;
  }),
  anvil_getGenesisTime: method([], ({ dev }: DevNode) => {
    return Number(dev.genesis.block.header.timestamp);
  }),
  anvil_getLastBlockWallTime: method([], ({ dev }: DevNode) => dev.chain.lastBlockMs ?? null),
  evm_mine: method([optional(readMineOptions)], async (node: DevNode, [options], caller) => {
    await mineSome(node, options ?? { timestamp: undefined, blocks: 1 }, caller);
    return quantity(0);
  }),
};
