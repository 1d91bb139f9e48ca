/**
 * A workload's first call after the start of a process, in one: run by `firstCall` with the
 * workload's name and the engine as arguments; prints milliseconds and output as JSON.
 */
import { call, open, type Tier } from './machine.ts';
import { loadWorkloads } from './workloads.ts';

const [, , name, tier] = process.argv;
const workload = loadWorkloads({ tiny: false, missing: () => {} }).find(
  (other) => other.name === name,
);
if (workload === undefined) throw new RangeError(`there is no workload ${name}`);
const start = performance.now();
const opened = open(workload, tier as Tier);
const { output } = call(opened);
process.stdout.write(JSON.stringify({ ms: performance.now() - start, output }));
// Modules that are still being compiled are not waited for.
process.exit(0);
