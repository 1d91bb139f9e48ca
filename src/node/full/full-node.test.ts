/** How a node ends. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { devGenesis } from '../dev/genesis.ts';
import { FullNode, type FullNodeOptions } from './full-node.ts';

test('what cannot be closed keeps nothing else open', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ironfly-full-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const options: FullNodeOptions = {
    folder,
    genesis: devGenesis({
      chainId: 7n,
      fork: 'osaka',
      gasLimit: 30_000_000n,
      baseFee: 7n,
      timestamp: 1n,
      number: 0n,
      accounts: [],
      balance: 0n,
      hasCreate2Deployer: false,
    }),
    workers: 1,
    clientVersion: 'ironfly/test',
    consensusClient: {
      version: { code: 'IF', name: 'Ironfly', version: '0', commit: '0x00000000' },
    },
  };
  const full = await FullNode.open(options);
  const fault = new Error('does not close');
  full.node.engine.builds.close = () => Promise.reject(fault);
  await expect(full.close()).rejects.toBe(fault);
  const again = await FullNode.open(options);
  await again.close();
});
