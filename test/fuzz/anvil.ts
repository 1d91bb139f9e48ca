/**
 * A campaign against revm, as Anvil has it: calls of random contracts, each traced, with the state
 * given along as overrides. Compares status, gas, output and, for one call in some, the steps.
 *
 *   node test/fuzz/anvil.ts [--seconds N] [--seed S] [--fork F]...
 *
 * From Berlin on: Anvil 1.7.1 charges the prices of later forks in those before (EXP has 50 gas a
 * byte in Frontier). In Berlin it gives back what London does (EIP-3529: 4,800 for a cleared slot
 * where Berlin has 15,000, a fifth of the gas at most where Berlin has half), so there the gas of
 * calls with a refund is not compared. Its calls have a gas price of zero; what they leave in the
 * state is seen by what they read of it. Exit code 1 on a difference, 2 where npm has no Anvil.
 */

import { parseArgs } from 'node:util';
import { requireBuild } from '../../scripts/built.ts';
import { type AnvilProcess, launchAnvil } from '../../src/cli/bench/anvil.ts';
import { type ForkName, findFork } from '../../src/evm/forks/names.ts';
import type { Hash, TransactionResult } from '../../src/evm/types.ts';
import { type Case, type CaseTransaction, writeJson } from '../differential/case.ts';
import { PEER_FORKS } from '../differential/ethereumjs.ts';
import { createMachine, type Machine, stateOf, tierDifference } from '../differential/machines.ts';
import type { Step } from '../differential/outcome.ts';
import { since } from '../differential/since.ts';
import { randomForcing } from './campaign.ts';
import { Random } from './random.ts';
import { randomCase } from './world.ts';

/** Rounds of a fork before the next one's Anvil is started. */
const ROUNDS = 40;
const CALLS_A_ROUND = 16;
const DIFFERENCES_MAX = 5;

interface Trace {
  readonly failed: boolean;
  readonly gas: number;
  readonly returnValue: string;
  readonly structLogs: readonly {
    readonly pc: number;
    readonly gas: number;
    readonly depth: number;
    readonly stack?: readonly string[];
  }[];
}

requireBuild();
process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: String(Date.now()) },
      fork: {
        type: 'string',
        multiple: true,
        default: PEER_FORKS.filter((fork) => since(fork, 'berlin')),
      },
    },
  });
  process.stdout.write(`seed ${values.seed}\n`);
  const forks = values.fork.map((name) => findFork(name)).filter((fork) => fork !== undefined);
  const end = performance.now() + Number(values.seconds) * 1_000;
  const counts = new Map<string, number>();
  let differences = 0;
  for (let turn = 0; performance.now() < end && differences < DIFFERENCES_MAX; turn++) {
    const fork = forks[turn % forks.length] as ForkName;
    const anvil = await launchAnvil(['--hardfork', fork, '--chain-id', '1']);
    if (anvil === undefined) {
      process.stdout.write('npm has no Anvil for this platform\n');
      return 2;
    }
    const machines = [createMachine('interpreter', fork), createMachine('compiler', fork)] as const;
    try {
      for (let round = 0; round < ROUNDS && performance.now() < end; round++) {
        if (differences >= DIFFERENCES_MAX) break;
        const random = new Random(`${values.seed} ${turn} ${round} ${fork}`);
        const said = await runRound(anvil, machines, random, fork, counts);
        for (const text of said) process.stdout.write(`turn ${turn}, round ${round}: ${text}\n`);
        differences += said.length;
      }
    } finally {
      anvil.stop();
    }
    const calls = [...counts.values()].reduce((sum, count) => sum + count, 0);
    process.stderr.write(`${calls} calls, ${fork}, ${differences} differences\n`);
  }
  process.stdout.write(`${JSON.stringify(Object.fromEntries(counts))}\n`);
  return differences > 0 ? 1 : 0;
}

async function runRound(
  anvil: AnvilProcess,
  [interpreter, compiler]: readonly [Machine, Machine],
  random: Random,
  fork: ForkName,
  counts: Map<string, number>,
): Promise<string[]> {
  const drawn = randomCase(random, fork, CALLS_A_ROUND);
  const test: Case = {
    ...drawn,
    // The only hash that code can ask for is then that of Anvil's genesis.
    block: { ...drawn.block, number: 1n, baseFee: 0n, excessBlobGas: 0n },
    transactions: drawn.transactions
      .filter(({ type }) => type < 3)
      .map((transaction) => asCall(transaction, drawn)),
  };
  const state = stateOf(test);
  const genesis = (await anvil.ask('eth_getBlockByNumber', ['0x0', false])) as { hash: Hash };
  state.blockHash = () => genesis.hash;
  interpreter.open(test, state, { hotThreshold: 1, gasSlice: 200_000n });
  compiler.open(test, state, randomForcing(random));
  const said: string[] = [];
  for (const call of test.transactions) {
    const transaction = { ...call, gasLimit: BigInt(random.between(30_000, 250_000)) };
    const withSteps = random.once(6);
    const steps: Step[] = [];
    const options = { commit: false, ...(withSteps ? { steps } : {}) };
    const result = interpreter.run(transaction, options);
    const tiers = tierDifference(result, compiler.run(transaction, { commit: false }));
    const trace = await ask(anvil, test, transaction, withSteps);
    const text =
      tiers ?? callDifference(fork, result, { trace, steps: withSteps ? steps : undefined });
    const status = result.status;
    counts.set(`${fork} ${status}`, (counts.get(`${fork} ${status}`) ?? 0) + 1);
    if (text === undefined) continue;
    said.push(`${fork}: ${text}\n${writeJson({ ...test, transactions: [transaction] })}`);
  }
  return said;
}

/** Calls have no fees here, and each is the first of its sender in the state. */
function asCall(transaction: CaseTransaction, { accounts }: Case): CaseTransaction {
  const { sender } = transaction;
  const nonce = accounts.find(({ address }) => address === sender)?.nonce ?? 0n;
  const fees = { maxFeePerGas: 0n, maxPriorityFeePerGas: 0n };
  return { ...transaction, ...fees, nonce, type: 0, accessList: [] };
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

function word(value: bigint): string {
  return `0x${value.toString(16).padStart(64, '0')}`;
}

/** The trace of a call; a message where it is refused. */
async function ask(
  anvil: AnvilProcess,
  { accounts, block }: Case,
  { sender, to, gasLimit, value, data, nonce }: CaseTransaction,
  withSteps: boolean,
): Promise<Trace | string> {
  const call = {
    from: sender,
    ...(to === undefined ? {} : { to }),
    gas: hex(gasLimit),
    value: hex(value),
    data: `0x${data.toHex()}`,
    nonce: hex(nonce),
  };
  const stateOverrides = Object.fromEntries(
    accounts.map(({ address, nonce: count, balance, code, storage }) => [
      address,
      {
        nonce: hex(count),
        balance: hex(balance),
        code: `0x${code.toHex()}`,
        state: Object.fromEntries([...storage].map(([key, item]) => [word(key), word(item)])),
      },
    ]),
  );
  const blockOverrides = {
    number: hex(block.number),
    difficulty: hex(block.difficulty),
    time: hex(block.timestamp),
    gasLimit: hex(block.gasLimit),
    coinbase: block.coinbase,
    random: word(block.prevRandao),
    baseFee: '0x0',
  };
  const detail = { disableStorage: true, disableStack: !withSteps };
  try {
    return (await anvil.ask('debug_traceCall', [
      call,
      'latest',
      { ...detail, stateOverrides, blockOverrides },
    ])) as Trace;
  } catch (error) {
    return (error as Error).message;
  }
}

function callDifference(
  fork: ForkName,
  result: TransactionResult,
  { trace, steps }: { trace: Trace | string; steps: readonly Step[] | undefined },
): string | undefined {
  if (typeof trace === 'string' || result.status === 'refused') {
    const one = result.status === 'refused' ? result.message : result.status;
    const both = typeof trace === 'string' && result.status === 'refused';
    return both ? undefined : `${one}; Anvil: ${typeof trace === 'string' ? trace : 'executed'}`;
  }
  if (trace.failed !== (result.status !== 'success')) {
    return `status ${result.status}; Anvil: ${trace.failed ? 'failed' : 'success'}`;
  }
  const isRefunded = fork === 'berlin' && result.gasRefunded > 0n;
  if (!isRefunded && BigInt(trace.gas) !== result.gasUsed) {
    return `gas ${result.gasUsed}; Anvil: ${trace.gas}`;
  }
  const output = `0x${result.output.toHex()}`;
  if (output !== trace.returnValue) return `output ${output}; Anvil: ${trace.returnValue}`;
  return steps === undefined ? undefined : stepsDifference(steps, trace);
}

function stepsDifference(steps: readonly Step[], { structLogs }: Trace): string | undefined {
  // STOP past the code's end is a step to Anvil; it is kept nowhere here.
  const theirs = structLogs.filter((step) => (step as unknown as { op: string }).op !== 'STOP');
  for (const [index, step] of steps.entries()) {
    const other = theirs[index];
    if (other === undefined) return `${steps.length} steps; Anvil: ${theirs.length}`;
    const stack = (other.stack ?? []).slice(-step.stack.length).map(BigInt);
    const same =
      step.pc === other.pc &&
      step.depth === other.depth &&
      step.gas === BigInt(other.gas) &&
      step.stack.every((item, at) => item === stack[at]);
    if (!same) {
      const { pc, depth, gas } = other;
      const before = steps[index - 1]?.op.toString(16);
      return (
        `step ${index} after op 0x${before}: pc ${step.pc}, gas ${step.gas}, ${step.depth}, ` +
        `[${step.stack.join()}]; Anvil: pc ${pc}, gas ${gas}, ${depth}, [${stack.join()}]`
      );
    }
  }
  return undefined;
}
