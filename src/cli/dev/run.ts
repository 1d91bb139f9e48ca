/** Runs `ironfly dev` until its signal says so. */

import { existsSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import type { ChainBlock } from '../../chain/block-tree.ts';
import type { GenesisFile } from '../../chain/genesis-files/genesis-file.ts';
import { type DevAccount, devAccounts } from '../../node/dev/accounts.ts';
import { closeDevNode, createDevNode, type DevNode } from '../../node/dev/dev-node.ts';
import { devGenesis } from '../../node/dev/genesis.ts';
import { devMethods } from '../../node/dev/methods/tables.ts';
import { stateFile } from '../../node/dev/state-file.ts';
import { withForwarding } from '../../node/fork/forwarding.ts';
import type { OpenedFork } from '../../node/fork/open-fork.ts';
import { Dispatcher } from '../../node/rpc/dispatch.ts';
import { type EndpointOptions, serve } from '../../node/server/serve.ts';
import { packageVersion } from '../package-version.ts';
import { type BannerFields, banner, configJson } from './banner.ts';
import type { DevOptions } from './options.ts';

const ETHER = 10n ** 18n;
const MIB = 1 << 20;
/** States are loaded and dumped through requests, and a test may mine for long. */
const LIMITS = {
  requestBytesMax: 128 * MIB,
  requestBytesTogetherMax: 512 * MIB,
  answerCharactersMax: 256 * MIB,
  unsentBytesTogetherMax: 512 * MIB,
  requestMsMax: 600_000,
};

export async function runDev(options: DevOptions, signal: AbortSignal): Promise<void> {
  collectAlone();
  const { mnemonic, derivationPath, balance, hardfork } = options;
  const accounts = devAccounts(options.accounts, mnemonic, derivationPath);
  const isSilent = options.silent === true || options.quiet === true;
  const print = (line: string) => process.stdout.write(`${line}\n`);
  const fork = options.forkUrl === undefined ? undefined : await forkOf(options, options.forkUrl);
  const node = await startNode(options, accounts, isSilent ? undefined : print, fork);
  try {
    const tables = fork === undefined ? devMethods : withForwarding(devMethods, fork);
    const dispatcher = new Dispatcher(node, tables);
    const serving = await serve(dispatcher, { endpoints: endpointsOf(options) });
    const said: BannerFields = {
      ...{ accounts, balance, fork: hardfork, urls: serving.urls },
      chainId: node.ledger.chainId,
      mining: miningText(options),
    };
    const { configOut, dumpState, state, stateInterval } = options;
    if (configOut !== undefined) await writeFile(configOut, configJson(said));
    if (!isSilent) print(banner(said));
    const target = dumpState ?? state;
    const timer =
      target === undefined || stateInterval === undefined
        ? undefined
        : setInterval(
            () => void writeState(node, target).catch(tellFailure),
            stateInterval * 1_000,
          );
    await aborted(signal);
    clearInterval(timer);
    await serving.close();
    if (target !== undefined) await writeState(node, target);
  } finally {
    await closeDevNode(node);
    await fork?.close();
  }
}

/**
 * The young generation is collected by this thread alone. PERF: little of it survives, some tenths
 * of a millisecond; with helpers a request waits for threads that a busy machine has not begun:
 * p99 of eth_call 1.3, 3.4 and 3.6 ms with them, 0.85, 0.91 and 2.6 without, in three runs.
 */
function collectAlone(): void {
  setFlagsFromString('--no-parallel-scavenge');
}

/** That a state could not be written is no reason to end. */
function tellFailure(error: unknown): void {
  process.stderr.write(`ironfly: the state was not written: ${(error as Error).message}\n`);
}

async function startNode(
  options: DevOptions,
  accounts: readonly DevAccount[],
  log: ((line: string) => void) | undefined,
  fork: OpenedFork | undefined,
): Promise<DevNode> {
  const { genesis, ancestors, needsFunds } = await beginning(options, accounts, fork);
  const platform = `${process.platform}-${process.arch}/node${process.version}`;
  const node = await createDevNode({
    genesis,
    ancestors,
    accounts,
    order: options.order,
    callWorkers: options.callWorkers,
    ...(fork === undefined ? {} : { tree: fork.tree }),
    // Helpers of Hardhat and of OpenZeppelin want a name that begins with one they know.
    clientVersion: `anvil/ironfly/v${packageVersion()}/${platform}`,
    ...(options.coinbase === undefined ? {} : { coinbase: options.coinbase }),
    ...(log === undefined ? {} : { log }),
    ...(options.disableConsoleLog === true ? { logsContracts: false } : {}),
  });
  const { chain, wallet, interval } = node.dev;
  if (options.timestamp !== undefined) chain.clock.set(options.timestamp);
  if (needsFunds) {
    const balance = options.balance * ETHER;
    const known = new Set(genesis.state.accounts.keys());
    const poor = accounts.filter(({ address }) => !known.has(address));
    await chain.editAll(poor.map(({ address }) => [address, { balance }] as const));
  }
  wallet.impersonatesAll = options.autoImpersonate === true;
  const { blockTime, mining, mixedMining } = options;
  chain.isAutomining = mining && (blockTime === undefined || mixedMining === true);
  if (blockTime !== undefined) interval.set(blockTime * 1_000);
  return node;
}

interface Beginning {
  readonly genesis: GenesisFile;
  readonly ancestors: readonly ChainBlock[];
  /** Whether the accounts are not in the state yet. */
  readonly needsFunds: boolean;
}

async function forkOf(options: DevOptions, url: string): Promise<OpenedFork> {
  const { openFork } = await import('../../node/fork/open-fork.ts');
  const { forkBlockNumber, chainIdGiven, forkHeader = [], forkRate, forkRetryBackoff } = options;
  const { retries, timeout, storageCaching, cachePath, hardforkGiven } = options;
  const cacheFolder = cachePath ?? join(homedir(), '.cache', 'ironfly', 'forks');
  return openFork({
    url,
    headers: Object.fromEntries(forkHeader.map(headerOf)),
    ...(forkBlockNumber === undefined ? {} : { blockNumber: forkBlockNumber }),
    ...(chainIdGiven === undefined ? {} : { chainId: chainIdGiven }),
    ...(hardforkGiven === undefined ? {} : { hardfork: hardforkGiven }),
    ...(retries === undefined ? {} : { retries }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    ...(forkRetryBackoff === undefined ? {} : { retryMs: forkRetryBackoff }),
    ...(forkRate === undefined ? {} : { requestsPerSecond: forkRate }),
    ...(storageCaching ? { cacheFolder } : {}),
  });
}

function headerOf(given: string): [string, string] {
  const [name = '', ...value] = given.split(':');
  return [name.trim(), value.join(':').trim()];
}

async function beginning(
  options: DevOptions,
  accounts: readonly DevAccount[],
  origin: OpenedFork | undefined,
): Promise<Beginning> {
  if (origin !== undefined) {
    const { spec, first: block } = origin;
    const state = { accounts: new Map(), codes: new Map() };
    return { genesis: { spec, block, state }, ancestors: [], needsFunds: true };
  }
  const { chainId, hardfork: fork, gasLimit, init, state } = options;
  const spec = { chainId, forks: [{ fork }] };
  const load = options.loadState ?? (state !== undefined && existsSync(state) ? state : undefined);
  if (load !== undefined) {
    const { readAnvilState } = await import('../genesis.ts');
    const { ancestors, ...genesis } = readAnvilState(load, spec);
    return { genesis, ancestors, needsFunds: false };
  }
  if (init !== undefined) {
    const { readGenesis } = await import('../genesis.ts');
    return { genesis: readGenesis(init), ancestors: [], needsFunds: true };
  }
  const genesis = devGenesis({
    ...{ chainId, fork, gasLimit },
    baseFee: options.blockBaseFeePerGas,
    timestamp: options.timestamp ?? BigInt(Math.floor(Date.now() / 1_000)),
    number: options.number ?? 0n,
    accounts: accounts.map(({ address }) => address),
    balance: options.balance * ETHER,
    hasCreate2Deployer: options.disableDefaultCreate2Deployer !== true,
  });
  return { genesis, ancestors: [], needsFunds: false };
}

function endpointsOf({ host, port, ipc, allowOrigin, cors }: DevOptions): EndpointOptions[] {
  const allowed = allowOrigin === undefined ? [] : allowOrigin.split(',');
  const origins = cors ? ['loopback', ...allowed] : [];
  const path = ipc === true ? join(tmpdir(), 'ironfly-dev.ipc') : ipc;
  return [
    { protocols: ['http', 'ws'], host, port, origins, limits: LIMITS },
    ...(path === undefined ? [] : [{ path, limits: LIMITS }]),
  ];
}

function miningText({ blockTime, mining, mixedMining }: DevOptions): string {
  if (blockTime === undefined) {
    return mining ? 'a block for each transaction' : 'blocks when asked for';
  }
  const also = mixedMining === true ? ', and for each transaction' : '';
  return `a block each ${blockTime} s${also}`;
}

/** All of it or none: a file that is there stays until the new one is whole. */
async function writeState({ dev }: DevNode, path: string): Promise<void> {
  const bytes = await dev.chain.undisturbed(() => stateFile(dev));
  await writeFile(`${path}.new`, bytes);
  await rename(`${path}.new`, path);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
