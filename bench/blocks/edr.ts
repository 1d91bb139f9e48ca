/** EDR, the machine of Hardhat (revm), as a peer that builds blocks: called in this process. */

import { createRequire } from 'node:module';
import type { Ask } from '../../src/cli/bench/anvil.ts';
import type { MadeBlock } from './chain.ts';
import { mineOver, type PeerTimes } from './rpc.ts';
import { CHAIN_ID, GAS_LIMIT, GENESIS_TIME, type Scenario, type Sender } from './scenario.ts';

/** What is used of the native module; npm has one a platform, this is Linux's. */
interface Edr {
  readonly EdrContext: new () => EdrContext;
  readonly ContractDecoder: new () => object;
  readonly GENERIC_CHAIN_TYPE: string;
  genericChainProviderFactory(): object;
  readonly OSAKA: string;
  l1GenesisState(hardfork: number): object[];
  l1HardforkFromString(name: string): number;
}

interface EdrContext {
  registerProviderFactory(chain: string, factory: object): Promise<void>;
  createProvider(
    chain: string,
    config: object,
    logger: object,
    subscriptions: object,
    decoder: object,
  ): Promise<EdrProvider>;
}

interface EdrProvider {
  handleRequest(request: string): Promise<{ readonly data: string | object }>;
}

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** Undefined where it is not installed. */
export async function mineInEdr(
  scenario: Scenario,
  senders: readonly Sender[],
  blocks: readonly MadeBlock[],
): Promise<PeerTimes | undefined> {
  let edr: Edr;
  try {
    edr = createRequire(import.meta.url)('@nomicfoundation/edr-linux-x64-gnu') as Edr;
  } catch {
    return undefined;
  }
  const provider = await open(edr);
  let id = 0;
  const ask: Ask = async (method, params) => {
    id += 1;
    const request = JSON.stringify({ jsonrpc: '2.0', id, method, params });
    const { data } = await provider.handleRequest(request);
    const answer = (typeof data === 'string' ? JSON.parse(data) : data) as Answer;
    if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
    return answer.result;
  };
  return mineOver(ask, scenario, senders, blocks);
}

let opened: Promise<EdrContext> | undefined;

/** A process has one context. */
async function contextOf(edr: Edr): Promise<EdrContext> {
  const context = new edr.EdrContext();
  await context.registerProviderFactory(edr.GENERIC_CHAIN_TYPE, edr.genericChainProviderFactory());
  return context;
}

async function open(edr: Edr): Promise<EdrProvider> {
  opened ??= contextOf(edr);
  const context = await opened;
  const config = {
    allowBlocksWithSameTimestamp: false,
    allowUnlimitedContractSize: false,
    bailOnCallFailure: true,
    bailOnTransactionFailure: false,
    chainId: CHAIN_ID,
    coinbase: new Uint8Array(20).fill(0xc0),
    defaultTransactionGasLimit: 1_000_000n,
    genesisState: edr.l1GenesisState(edr.l1HardforkFromString(edr.OSAKA)),
    hardfork: edr.OSAKA,
    minGasPrice: 0n,
    mining: { autoMine: false, blockGasLimit: GAS_LIMIT, memPool: { order: 'Fifo' } },
    network: { genesisBlockGasLimit: GAS_LIMIT, genesisBlockTime: GENESIS_TIME },
    networkId: CHAIN_ID,
    observability: {},
    ownedAccounts: [],
    precompileOverrides: [],
  };
  const logger = {
    enable: false,
    decodeConsoleLogInputsCallback: () => [],
    printLineCallback: () => {},
  };
  const subscriptions = { subscriptionCallback: () => {} };
  const decoder = new edr.ContractDecoder();
  return context.createProvider(edr.GENERIC_CHAIN_TYPE, config, logger, subscriptions, decoder);
}
