/**
 * evmone as a peer, through its own benchmark program, which npm does not deliver: it is named by
 * its path. It runs single contracts against a mocked host, so workloads that call other contracts
 * or start from a state are not given to it.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { codeOf, type Workload } from './workload.ts';

export interface Evmone {
  /** Milliseconds of one execution of so much gas; undefined where it cannot run the workload. */
  time(workload: Workload, gas: bigint): Promise<number | undefined>;
}

/** What google-benchmark prints of one case. */
interface BenchmarkCase {
  readonly name: string;
  readonly run_type?: string;
  readonly real_time: number;
  readonly time_unit: 'ns' | 'us' | 'ms' | 's';
  readonly error_occurred?: boolean;
  readonly error_message?: string;
  readonly gas_used?: number;
}

const MS_PER_UNIT = { ns: 1e-6, us: 1e-3, ms: 1, s: 1e3 } as const;
const TIMEOUT_MS = 60_000;
/**
 * Its mocked host forgets nothing between runs, so where there is storage its gas is some percent
 * less than ours. What uses less than this does other work: it ends early, or finds all sorted.
 */
const GAS_SHARE_MIN = 0.9;
const SENDER = `0x${'5e'.repeat(20)}`;

/**
 * `note` is told which workloads it does not run, and why.
 * @throws when the program cannot be started
 */
export async function openEvmone(program: string, note: (text: string) => void): Promise<Evmone> {
  await promisify(execFile)(program, ['--help'], { timeout: TIMEOUT_MS }).catch((error) => {
    // It ends with an error code after its help; only a program that is not there is a fault.
    if (error.code === 'ENOENT' || error.code === 'EACCES') {
      throw new Error(`evmone's benchmark program cannot be started: ${program} (${error.code})`);
    }
  });
  return {
    time: async (workload, gas) => {
      const found = await timeOnce(program, workload, gas);
      if (typeof found === 'number') return found;
      note(`evmone does not run ${workload.name}: ${found}`);
      return undefined;
    },
  };
}

/** Milliseconds, or why there are none. */
async function timeOnce(
  program: string,
  workload: Workload,
  gas: bigint,
): Promise<number | string> {
  if (workload.accounts.length > 1 || workload.accounts.some(({ storage }) => storage.size > 0)) {
    return 'its program runs single contracts that start from nothing';
  }
  const folder = mkdtempSync(join(tmpdir(), 'ironfly-evmone-'));
  try {
    writeFileSync(join(folder, 'workload.json'), JSON.stringify(asStateTest(workload)));
    const { stdout } = await promisify(execFile)(
      program,
      [folder, '--benchmark_format=json', '--benchmark_filter=^baseline/execute/'],
      { timeout: TIMEOUT_MS, maxBuffer: 1 << 24 },
    );
    return readResult(stdout, gas);
  } catch (error) {
    return (error as Error).message;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * The one case's time out of google-benchmark's JSON, before which the program may print lines; or
 * the program's word for why it failed.
 */
export function readResult(stdout: string, gas: bigint): number | string {
  const report = JSON.parse(stdout.slice(stdout.indexOf('{'))) as {
    readonly benchmarks: readonly BenchmarkCase[];
  };
  const found = report.benchmarks.find(({ run_type }) => run_type !== 'aggregate');
  if (found === undefined) return 'it reports no case';
  if (found.error_occurred === true) return found.error_message ?? 'it reports a failure';
  const { gas_used: used } = found;
  if (used !== undefined && used < Number(gas) * GAS_SHARE_MIN) {
    return `it does other work there: ${used} gas of ${gas}`;
  }
  return found.real_time * MS_PER_UNIT[found.time_unit];
}

/** The workload as a general state test, which the program reads. */
function asStateTest(workload: Workload): unknown {
  const zeros = `0x${'00'.repeat(32)}`;
  const account = { balance: '0xffffffffffffffffff', nonce: '0x00', code: '0x', storage: {} };
  return {
    workload: {
      _info: { labels: { 0: 'case' } },
      env: {
        currentBaseFee: '0x01',
        currentCoinbase: `0x${'c0'.repeat(20)}`,
        currentDifficulty: '0x01',
        currentRandom: zeros,
        currentGasLimit: '0x7fffffffffffffff',
        currentNumber: '0x01',
        currentTimestamp: '0x01',
      },
      pre: {
        [SENDER]: account,
        [workload.to]: { ...account, code: `0x${codeOf(workload).toHex()}` },
      },
      transaction: {
        data: [`0x${workload.input.toHex()}`],
        gasLimit: ['0x7fffffffffff'],
        gasPrice: '0x01',
        nonce: '0x00',
        secretKey: `0x${'45'.repeat(32)}`,
        sender: SENDER,
        to: workload.to,
        value: ['0x00'],
      },
      post: {
        Cancun: [{ hash: zeros, logs: zeros, indexes: { data: 0, gas: 0, value: 0 } }],
      },
    },
  };
}
