/**
 * `ironfly node`: a node for the long run, driven by a consensus client through the Engine API.
 *
 * Ctrl-C, or SIGTERM, ends it: requests under way are answered, the block that is being executed
 * is finished, the pool saved. A second one ends it at once; nothing that was answered is lost by
 * that either.
 */

import { join } from 'node:path';
import type { Command } from 'commander';
import { fullMethods } from '../node/full/full-methods.ts';
import { FullNode } from '../node/full/full-node.ts';
import { createLogger, type Logger } from '../node/operations/logger.ts';
import { createMetrics } from '../node/operations/metrics.ts';
import { watchNode } from '../node/operations/node-metrics.ts';
import { Dispatcher } from '../node/rpc/dispatch.ts';
import { readOrMakeSecret } from '../node/server/bearer-token.ts';
import { ENGINE_LIMITS } from '../node/server/limits.ts';
import { type EndpointOptions, type PortEndpoint, serve } from '../node/server/serve.ts';
import { endingOnSignal } from './ending.ts';
import { readGenesis } from './genesis.ts';
import { addSettings, type NodeSettings, settingsOf } from './node/settings.ts';
import { packageVersion } from './package-version.ts';

const EXAMPLES = `
Every setting can stand in a file too (--config, JSON with the names of the options), and in the
environment (IRONFLY_HTTP_PORT for --http-port): options count for more than the environment, and
that for more than the file. Lists are written with commas. Port 0 is one that is free.

It listens on this machine alone unless --host or --authrpc-host says otherwise. /health, /ready and
/metrics are on the port of HTTP.

Examples:
  ironfly node --datadir data --genesis genesis.json
  ironfly node --datadir data --http-port 8545 --authrpc-port 8551 --jwt jwt.hex
  ironfly node --datadir data --genesis genesis.json --import chain.rlp --archive
  ironfly node --config node.json --api eth,net,web3 --allow-origin https://app.example
`;

const NOTE = 'ended: the chain and the pool are on the disk';

/** Adds the command to the program. */
export function register(program: Command): void {
  addSettings(program.command('node'))
    .description('run a node that a consensus client drives')
    .addHelpText('after', EXAMPLES)
    .action(async (_: unknown, command: Command) => {
      const settings = settingsOf(command);
      await endingOnSignal(NOTE, (signal) => runNode(settings, signal));
      // Being ended is how it ends.
      process.exitCode = 0;
    });
}

async function runNode(settings: NodeSettings, signal: AbortSignal): Promise<void> {
  const log = createLogger({ level: settings.logLevel, format: settings.logFormat });
  const full = await FullNode.open(fullOptions(settings, signal, log));
  try {
    if (signal.aborted) return;
    const { node } = full;
    const { head } = node.ledger;
    log.info('chain opened', {
      chainId: node.ledger.chainId,
      head: head.header.number,
      hash: head.hash,
    });
    const metrics = await createMetrics();
    const stopWatching = watchNode(metrics, node);
    const serving = await serve(new Dispatcher(node, fullMethods), {
      endpoints: await endpointsOf(settings),
      log,
      metrics,
      health: () => full.faults,
    });
    await aborted(signal);
    log.info('ending');
    await serving.close();
    stopWatching();
  } finally {
    await full.close();
  }
}

function fullOptions(settings: NodeSettings, signal: AbortSignal, log: Logger) {
  const { datadir, genesis, import: imports, workers, archive, window } = settings;
  const { gasLimit, extraData } = settings;
  const version = packageVersion();
  return {
    folder: datadir,
    clientVersion: `ironfly/v${version}/${process.platform}-${process.arch}/node${process.version}`,
    log,
    signal,
    consensusClient: {
      // What it was built from, a package does not say.
      version: { code: 'IF', name: 'Ironfly', version: `v${version}`, commit: '0x00000000' },
      ...(gasLimit === undefined ? {} : { gasLimit }),
      ...(extraData === undefined ? {} : { extraData }),
    },
    ...(genesis === undefined ? {} : { genesis: readGenesis(genesis) }),
    ...(imports === undefined ? {} : { imports }),
    ...(workers === undefined ? {} : { workers }),
    ...(archive === undefined ? {} : { archive }),
    ...(window === undefined ? {} : { window }),
  } as const;
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
  return [http, ...webSocket, ...file, engine];
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
