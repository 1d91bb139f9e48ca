/**
 * `npm run devnet`: a chain that finalises, shown as it runs. The driver plays the consensus client
 * beside a real `ironfly node`, over HTTP with its token.
 *
 *   node test/engine/devnet.ts [--slot-seconds 2] [--fork-slots 8] [--fast]
 *
 * --fast does not wait for the time of a slot. Exit code 1 on the first thing that is not as it
 * must be.
 */

import { parseArgs } from 'node:util';
import { requireBuild } from '../../scripts/built.ts';
import { drive } from './driver.ts';

const { values } = parseArgs({
  options: {
    'slot-seconds': { type: 'string', default: '2' },
    'fork-slots': { type: 'string', default: '8' },
    fast: { type: 'boolean', default: false },
  },
});
const [slotSeconds, forkSlots] = [Number(values['slot-seconds']), Number(values['fork-slots'])];
requireBuild();
try {
  const result = await drive({
    slotSeconds,
    forkSlots,
    isInTime: !values.fast,
    say: (line) => process.stdout.write(`${line}\n`),
  });
  const { slots, head, finalized, faults, restarts } = result;
  process.stdout.write(
    `${slots} slots: the head is block ${head}, block ${finalized} is finalized; ` +
      `${faults} faults, ${restarts} restarts\n`,
  );
} catch (error) {
  process.stderr.write(`devnet: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
