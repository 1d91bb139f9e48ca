/** `ironfly dev` with the clients that people have, unmodified. */

import * as ethers from 'ethers';
import {
  type Abi,
  type BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  createTestClient,
  createWalletClient,
  http,
  parseEther,
  publicActions,
  walletActions,
} from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { foundry } from 'viem/chains';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Web3 } from 'web3';
import { compileCounter } from './counter.ts';
import { type DevProcess, startDev } from './dev-process.ts';

const KEY = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
const FIRST = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266';
const SECOND = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';
const STRANGER = '0x00000000000000000000000000000000DeaDBeef';

let dev: DevProcess;
const counter = compileCounter();
const abi = counter.abi as Abi;

beforeAll(async () => {
  dev = await startDev();
}, 60_000);

afterAll(async () => {
  expect(await dev.stop()).toBe(0);
});

function testClient() {
  return createTestClient({ chain: foundry, mode: 'anvil', transport: http(dev.url) })
    .extend(publicActions)
    .extend(walletActions);
}

describe('viem', () => {
  test('deploys, calls, sends, hears events and reasons', async () => {
    const account = privateKeyToAccount(KEY);
    const wallet = createWalletClient({ account, chain: foundry, transport: http(dev.url) });
    const client = createPublicClient({ chain: foundry, transport: http(dev.url) });
    const { bytecode } = counter;
    const hash = await wallet.deployContract({ abi, bytecode, args: [5n] });
    const { contractAddress: address } = await client.waitForTransactionReceipt({ hash });
    if (!address) throw new Error('no contract');
    expect(await client.readContract({ address, abi, functionName: 'count' })).toBe(5n);
    const added = await wallet.writeContract({ address, abi, functionName: 'add', args: [7n] });
    const receipt = await client.waitForTransactionReceipt({ hash: added });
    expect(receipt.status).toBe('success');
    expect(receipt.logs.length).toBe(1);
    const events = await client.getContractEvents({ address, abi, fromBlock: 0n });
    expect(events.length).toBe(1);
    const refused = await client
      .simulateContract({ address, abi, functionName: 'add', args: [101n], account })
      .catch((error: unknown) => error);
    const cause = (refused as BaseError).walk(
      (each) => each instanceof ContractFunctionRevertedError,
    ) as ContractFunctionRevertedError;
    expect(cause.data?.errorName).toBe('TooMuch');
    expect(cause.data?.args).toEqual([101n, 100n]);
    await expect(
      client.simulateContract({ address, abi, functionName: 'add', args: [0n], account }),
    ).rejects.toThrow('nothing to add');
    expect(dev.output()).toContain('console.log: count is 12');
    const asked = { address, abi, functionName: 'add', args: [3n], account } as const;
    expect((await client.simulateContract(asked)).result).toBe(15n);
    await expect.poll(dev.output).toContain('console.log: count is 15');
  });

  test('its test actions do what they say', async () => {
    const client = testClient();
    const id = await client.snapshot();
    await client.setBalance({ address: STRANGER, value: parseEther('3') });
    expect(await client.getBalance({ address: STRANGER })).toBe(parseEther('3'));
    await client.setCode({ address: SECOND, bytecode: '0x602a60005260206000f3' });
    expect(await client.getCode({ address: SECOND })).toBe('0x602a60005260206000f3');
    const slot = { index: 1, value: `0x${'07'.padStart(64, '0')}` } as const;
    await client.setStorageAt({ address: SECOND, ...slot });
    expect(await client.getStorageAt({ address: SECOND, slot: '0x1' })).toBe(slot.value);
    await client.setNonce({ address: STRANGER, nonce: 9 });
    expect(await client.getTransactionCount({ address: STRANGER })).toBe(9);
    await client.impersonateAccount({ address: STRANGER });
    const sent = { account: STRANGER, to: FIRST, value: 1n } as const;
    const hash = await client.sendTransaction(sent);
    const transaction = await client.getTransaction({ hash });
    expect(transaction.from.toLowerCase()).toBe(STRANGER.toLowerCase());
    expect(transaction.nonce).toBe(9);
    expect((await client.getTransactionReceipt({ hash })).status).toBe('success');
    await client.stopImpersonatingAccount({ address: STRANGER });
    await expect(client.sendTransaction(sent)).rejects.toThrow('No Signer available');
    await client.revert({ id });
    expect(await client.getBalance({ address: STRANGER })).toBe(0n);
    expect(await client.getCode({ address: SECOND })).toBeUndefined();
    expect(await client.getTransactionCount({ address: STRANGER })).toBe(0);
  });

  test('time and mining', async () => {
    const client = testClient();
    const { timestamp, number } = await client.getBlock();
    await client.setNextBlockTimestamp({ timestamp: timestamp + 1_000n });
    await client.mine({ blocks: 1 });
    expect((await client.getBlock()).timestamp).toBe(timestamp + 1_000n);
    await client.mine({ blocks: 3, interval: 60 });
    expect((await client.getBlock()).number).toBe(number + 4n);
    expect((await client.getBlock()).timestamp).toBeGreaterThanOrEqual(timestamp + 1_120n);
    await client.setBlockTimestampInterval({ interval: 5 });
    await client.mine({ blocks: 2 });
    const [last, before] = await Promise.all([
      client.getBlock(),
      client.getBlock({ blockNumber: number + 5n }),
    ]);
    expect(last.timestamp - before.timestamp).toBe(5n);
    await client.removeBlockTimestampInterval();
    await client.setAutomine(false);
    expect(await client.getAutomine()).toBe(false);
    const hash = await client.sendUnsignedTransaction({ from: FIRST, to: SECOND, value: 1n });
    expect((await client.getTxpoolStatus()).pending).toBe(1);
    expect(await client.getTransactionReceipt({ hash }).catch(() => 'none')).toBe('none');
    await client.dropTransaction({ hash });
    expect((await client.getTxpoolStatus()).pending).toBe(0);
    await client.setAutomine(true);
    await client.setNextBlockBaseFeePerGas({ baseFeePerGas: 77n });
    await client.setBlockGasLimit({ gasLimit: 12_000_000n });
    await client.setCoinbase({ address: STRANGER });
    await client.mine({ blocks: 1 });
    const block = await client.getBlock();
    expect([block.baseFeePerGas, block.gasLimit, block.miner.toLowerCase()]).toEqual([
      77n,
      12_000_000n,
      STRANGER.toLowerCase(),
    ]);
    await client.setBlockGasLimit({ gasLimit: 30_000_000n });
    const state = await client.dumpState();
    expect(state.startsWith('0x1f8b')).toBe(true);
    await client.loadState({ state });
  });
});

test('ethers deploys, calls, sends, signs', async () => {
  const provider = new ethers.JsonRpcProvider(dev.url, undefined, { cacheTimeout: -1 });
  const signer = await provider.getSigner(1);
  const factory = new ethers.ContractFactory(
    counter.abi as ethers.InterfaceAbi,
    counter.bytecode,
    signer,
  );
  const contract = await (await factory.deploy(1n)).waitForDeployment();
  const typed = contract as ethers.Contract;
  const sent = (await typed.getFunction('add').send(2n)) as ethers.ContractTransactionResponse;
  const receipt = await sent.wait();
  expect(receipt?.status).toBe(1);
  expect(await typed.getFunction('count').staticCall()).toBe(3n);
  await expect(typed.getFunction('add').staticCall(0n)).rejects.toThrow('nothing to add');
  const text = await signer.signMessage('hello');
  expect(ethers.verifyMessage('hello', text)).toBe(SECOND);
  const domain = { name: 'Mail', version: '1', chainId: 31337 };
  const types = {
    Mail: [
      { name: 'to', type: 'address' },
      { name: 'tags', type: 'string[]' },
    ],
  };
  const value = { to: FIRST, tags: ['a', 'b'] };
  const signature = await signer.signTypedData(domain, types, value);
  expect(ethers.verifyTypedData(domain, types, value, signature)).toBe(SECOND);
  provider.destroy();
});

test('web3.js sends and reads', async () => {
  const web3 = new Web3(dev.url);
  const [from, to] = await web3.eth.getAccounts();
  const receipt = await web3.eth.sendTransaction({
    from: from as string,
    to: to as string,
    value: '5',
  });
  expect(receipt.status).toBe(1n);
  const contract = new web3.eth.Contract(counter.abi as never);
  const deployed = await contract
    .deploy({ data: counter.bytecode, arguments: [4] } as never)
    .send({ from: from as string });
  expect(await deployed.methods['count']?.().call()).toBe(4n);
});
