/** `ironfly run`: executes code once and prints what came of it. */
import { type Command, Option } from 'commander';
import { createEVM } from '../evm/evm.ts';
import type { ForkName } from '../evm/forks/names.ts';
import { consoleHooks } from '../evm/solidity/console.ts';
import { decodeRevert } from '../evm/solidity/revert-reason.ts';
import type { Address, Engine, TransactionResult } from '../evm/types.ts';
import { MemoryState } from '../state/memory.ts';
import { type Contract, parseHex, readContract } from './contract.ts';
import { parseFork } from './fork-option.ts';
import { bigintOption, engineOption, integer } from './options.ts';
import { type ArtifactEntry, decodeLog, decodeOutput, encodeCall } from './run/abi-calls.ts';
import { readStateFile } from './run/state-file.ts';
import { endLine, stepLine } from './statetest/trace.ts';

interface RunOptions {
  readonly input?: string;
  readonly call?: string;
  readonly fork: ForkName;
  readonly gas: bigint;
  readonly engine: Engine;
  readonly state?: string;
  readonly trace?: true;
}

const CONTRACT: Address = `0x${'c0de'.padStart(40, '0')}`;
const SHOWN_BYTES_MAX = 262_144;
const CALLER: Address = `0x${'ca11'.padStart(40, '0')}`;
const GAS_DEFAULT = 1_000_000_000n;
const GAS_MAX = (1n << 63n) - 1n;

const EXAMPLES = `
The code lies at ${CONTRACT} and is called from ${CALLER}.
Exit code: 0 for a success, 1 for a revert, a halt or wrong input, 2 for wrong options.

Examples:
  ironfly run 60026028015f5260205ff3
  ironfly run out/Counter.sol/Counter.json --call 'add(40, 2)'
  ironfly run code.hex --input 0xa9059cbb --state genesis.json --trace 2> steps.jsonl
`;

/** Adds the command to the program. */
export function register(program: Command): void {
  program
    .command('run')
    .description('execute code once: hex, a file of hex, or a Foundry or Hardhat artifact')
    .argument('<code>', 'the code as it is deployed')
    .addOption(new Option('--input <hex>', 'call data').conflicts('call'))
    .option('--call <call>', "a function of the artifact's ABI with its values: 'name(1, true)'")
    .option('--fork <name>', 'rules to execute by', parseFork, 'osaka')
    .addOption(
      bigintOption('--gas <amount>', 'gas of the call', {
        parse: integer(0n, GAS_MAX),
        value: GAS_DEFAULT,
      }),
    )
    .addOption(engineOption())
    .option('--state <file>', 'accounts beside the code: JSON by address, alone, `alloc` or `pre`')
    .option('--trace', 'write each step to standard error as EIP-3155 has it')
    .addHelpText('after', EXAMPLES)
    .action(async (code: string, options: RunOptions) => {
      process.exitCode = await runOnce(code, options);
    });
}

/** Runs the command; gives its exit code: 0 for a success, 1 for a revert or a halt. */
async function runOnce(given: string, options: RunOptions): Promise<number> {
  const contract = readContract(given);
  const abi = (contract.abi ?? []) as readonly ArtifactEntry[];
  const data = dataOf(options, contract, abi);
  const state = stateOf(contract, options.state);
  const evm = createEVM({ fork: options.fork, engine: options.engine, state });
  const trace = (line: string) => process.stderr.write(`${line}\n`);
  const started = performance.now();
  const result = await evm.call({
    from: CALLER,
    to: CONTRACT,
    data,
    gas: options.gas,
    hooks: consoleHooks(({ text }) => process.stdout.write(`console  ${text}\n`)),
    ...(options.trace === true && { onStep: (step) => trace(stepLine(step)) }),
  });
  const ms = performance.now() - started;
  if (options.trace === true) trace(endLine(result));
  process.stdout.write(
    `${[...describe(result, data, abi), `time     ${ms.toFixed(3)} ms`].join('\n')}\n`,
  );
  return result.status === 'success' ? 0 : 1;
}

function dataOf(
  { input, call }: RunOptions,
  contract: Contract,
  abi: readonly ArtifactEntry[],
): Uint8Array {
  if (call === undefined) return parseHex(input ?? '');
  if (contract.abi !== undefined) return encodeCall(call, abi);
  throw new TypeError(`--call ${call} needs an ABI, and ${contract.name} has none: give --input`);
}

function stateOf({ code }: Contract, file: string | undefined): MemoryState {
  const state = file === undefined ? new MemoryState() : readStateFile(file);
  const { nonce, balance } = state.getAccount(CONTRACT) ?? { nonce: 1n, balance: 0n };
  state.setAccount(CONTRACT, { nonce, balance, code, storage: state.storageOf(CONTRACT) });
  return state;
}

/** In hex; of what no string holds, or nobody reads, the beginning. */
function shown(bytes: Uint8Array): string {
  const hex = `0x${bytes.subarray(0, SHOWN_BYTES_MAX).toHex()}`;
  if (bytes.length <= SHOWN_BYTES_MAX) return hex;
  return `${hex}... (the first ${SHOWN_BYTES_MAX} of ${bytes.length} bytes)`;
}

function describe(
  result: TransactionResult,
  data: Uint8Array,
  abi: readonly ArtifactEntry[],
): string[] {
  if (result.status === 'refused') return [`status   refused: ${result.message}`];
  const { status, gasUsed, output, logs } = result;
  const reason =
    status === 'halt'
      ? `: ${result.reason}`
      : status === 'revert' && output.length > 0
        ? `: ${decodeRevert(output, abi).text}`
        : '';
  const values = status === 'success' ? (decodeOutput(data, output, abi) ?? []) : [];
  return [
    `status   ${status}${reason}`,
    `gas      ${gasUsed}`,
    `output   ${shown(output)}`,
    ...values.map((value) => `         ${value}`),
    ...logs.map((log, i) => {
      const plain = `${log.topics.join(' ')} ${shown(log.data)}`;
      return `log ${String(i).padEnd(4)} ${log.address} ${decodeLog(log, abi) ?? plain}`;
    }),
  ];
}
