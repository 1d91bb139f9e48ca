/**
 * A node for the long run as the command line asks for it: opened, served, ended.
 */

import { join } from 'node:path';
import { fullMethods } from '../../node/full/full-methods.ts';
import { FullNode, type FullNodeOptions } from '../../node/full/full-node.ts';
import { startSequencing } from '../../node/full/sequencing.ts';
import { createLogger, type Logger } from '../../node/operations/logger.ts';
import { createMetrics } from '../../node/operations/metrics.ts';
import { watchNode } from '../../node/operations/node-metrics.ts';
import { Dispatcher } from '../../node/rpc/dispatch.ts';
import { sequencerMethods } from '../../node/sequencer/methods.ts';
import { Preconfirmations } from '../../node/sequencer/preconfirmation.ts';
import type { Sequencer } from '../../node/sequencer/sequencer.ts';
import { readOrMakeSecret } from '../../node/server/bearer-token.ts';
import { ENGINE_LIMITS } from '../../node/server/limits.ts';
import { type EndpointOptions, type PortEndpoint, serve } from '../../node/server/serve.ts';
import { readGenesis } from '../genesis.ts';
import { packageCommit, packageVersion } from '../package-version.ts';
import type { NodeSettings } from './settings.ts';

/** Runs until the signal; all is on the disk when it resolves. */
export async function runNode(settings: NodeSettings, signal: AbortSignal): Promise<void> {
  const log = createLogger({ level: settings.logLevel, format: settings.logFormat });
  const full = await FullNode.open(fullOptions(settings, signal, log));
  try {
    if (signal.aborted) return;
    const sequencer = await sequencerOf(settings, full);
    const node = { ...full.node, preconfirmations: sequencer?.preconfirmations ?? NO_WORD };
    const { head } = node.ledger;
    log.info('chain opened', {
      chainId: node.ledger.chainId,
      head: head.header.number,
      hash: head.hash,
    });
    const metrics = await createMetrics();
    const stopWatching = watchNode(metrics, node);
    const tables = [...fullMethods, ...(sequencer === undefined ? [] : [sequencerMethods])];
    const serving = await serve(new Dispatcher(node, tables), {
      endpoints: await endpointsOf(settings),
      log,
      metrics,
      health: () => ({ ...full.faults, sequencer: textOf(sequencer?.failure) }),
    });
    await aborted(signal);
    log.info('ending');
    // The block that is being made ends first: who waits for it is told.
    await sequencer?.stop();
    await serving.close();
    stopWatching();
  } finally {
    await full.close();
  }
}

/** Of a node that makes no blocks itself. */
const NO_WORD = new Preconfirmations();

/** undefined: somebody else makes the blocks. */
async function sequencerOf(
  settings: NodeSettings,
  { node: { ledger, pool } }: FullNode,
): Promise<Sequencer | undefined> {
  const { sequencer: coinbase, datadir: folder, blockMs, order: rule, gasLimit } = settings;
  if (coinbase === undefined) return undefined;
  const { blockTransactions, emptyBlocks } = settings;
  return startSequencing({
    folder,
    ledger,
    pool,
    coinbase,
    blockMs,
    rule,
    ...(gasLimit === undefined ? {} : { gasLimit }),
    ...(emptyBlocks === undefined ? {} : { emptyBlocks }),
    ...(blockTransactions === undefined ? {} : { transactionsMax: blockTransactions }),
  });
}

function textOf(failure: unknown): string | undefined {
  if (failure === undefined) return undefined;
  return failure instanceof Error ? failure.message : String(failure);
}

function fullOptions(settings: NodeSettings, signal: AbortSignal, log: Logger): FullNodeOptions {
  const { datadir, genesis, import: imports, workers, archive, window } = settings;
  const { gasLimit, extraData, callWorkers } = settings;
  const version = packageVersion();
  return {
    folder: datadir,
    callWorkers,
    clientVersion: `ironfly/v${version}/${process.platform}-${process.arch}/node${process.version}`,
    log,
    signal,
    consensusClient: {
      version: { code: 'IF', name: 'Ironfly', version: `v${version}`, commit: packageCommit() },
      ...(gasLimit === undefined ? {} : { gasLimit }),
      ...(extraData === undefined ? {} : { extraData }),
    },
    isSequencer: settings.sequencer !== undefined,
    ...(genesis === undefined ? {} : { genesis: readGenesis(genesis) }),
    ...(imports === undefined ? {} : { imports }),
    ...(workers === undefined ? {} : { workers }),
    ...(archive === undefined ? {} : { archive }),
    ...(window === undefined ? {} : { window }),
  };
}

async function endpointsOf(settings: NodeSettings): Promise<readonly EndpointOptions[]> {
  const { host, httpPort, wsPort, ipc, api, allowOrigin, allowHost, rate } = settings;
  const common: Omit<PortEndpoint, 'protocols' | 'port'> = {
    host,
    ...(api === undefined ? {} : { namespaces: api }),
    ...(allowOrigin === undefined ? {} : { origins: allowOrigin }),
    ...(allowHost === undefined ? {} : { hosts: allowHost }),
    ...(rate === undefined ? {} : { limits: { rate: { perSecond: rate, burst: 2 * rate } } }),
  };
  const http: EndpointOptions = {
    ...common,
    protocols: wsPort === undefined ? ['http', 'ws'] : ['http'],
    port: httpPort,
  };
  const engine: EndpointOptions = {
    protocols: ['http', 'ws'],
    host: settings.authrpcHost,
    port: settings.authrpcPort,
    namespaces: ['engine', 'eth', 'net', 'web3'],
    secret: await readOrMakeSecret(settings.jwt ?? join(settings.datadir, 'jwt.hex')),
    limits: ENGINE_LIMITS,
  };
  const webSocket: EndpointOptions[] =
    wsPort === undefined ? [] : [{ ...common, protocols: ['ws'], port: wsPort }];
  const file: EndpointOptions[] = ipc === undefined ? [] : [{ path: ipc }];
  // Who makes the blocks itself takes none of a consensus client.
  const consensus = settings.sequencer === undefined ? [engine] : [];
  return [http, ...webSocket, ...file, ...consensus];
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
