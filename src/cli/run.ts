/** `ironfly run`: executes code once and prints what came of it. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { createEVM } from '../evm/evm.ts';
import type { ForkName } from '../evm/forks/names.ts';
import type { Address, Engine, Transaction, TransactionResult } from '../evm/types.ts';
import { MemoryState } from '../state/memory.ts';
import { parseHex, readContract } from './contract.ts';
import { parseFork } from './fork-option.ts';

interface RunOptions {
  readonly input: string;
  readonly fork: ForkName;
  readonly gas: bigint;
  readonly engine: Engine;
}

const CONTRACT: Address = `0x${'c0de'.padStart(40, '0')}`;
const CALLER: Address = `0x${'ca11'.padStart(40, '0')}`;
const GAS_DEFAULT = 1_000_000_000n;

/** Adds the command to the program. */
export function register(program: Command): void {
  program
    .command('run')
    .description('execute code once: hex, a file of hex, or a Foundry or Hardhat artifact')
    .argument('<code>', 'the code')
    .option('--input <hex>', 'call data', '')
    .option('--fork <name>', 'rules to execute by', parseFork, 'osaka')
    .option('--gas <amount>', 'gas of the call', parseGas, GAS_DEFAULT)
    .addOption(
      new Option('--engine <engine>', 'what executes')
        .choices(['interpreter', 'compiler', 'auto'])
        .default('auto'),
    )
    .action(async (code: string, options: RunOptions) => {
      process.exitCode = await runOnce(code, options);
    });
}

function parseGas(text: string): bigint {
  if (!/^\d+$/.test(text) || BigInt(text) >= 1n << 63n) {
    throw new InvalidArgumentError(`${text} is not a gas amount below 2^63.`);
  }
  return BigInt(text);
}

/** Runs the command; gives its exit code: 0 for a success, 1 for a revert or a halt. */
export async function runOnce(given: string, options: RunOptions): Promise<number> {
  const { code } = readContract(given);
  const state = new MemoryState();
  state.setAccount(CONTRACT, { nonce: 1n, balance: 0n, code, storage: new Map() });
  const evm = createEVM({ fork: options.fork, engine: options.engine, state });
  const call: Transaction = {
    type: 0,
    sender: CALLER,
    nonce: 0n,
    gasLimit: options.gas,
    to: CONTRACT,
    value: 0n,
    data: parseHex(options.input),
    maxFeePerGas: 0n,
    maxPriorityFeePerGas: 0n,
    accessList: [],
    maxFeePerBlobGas: 0n,
    blobVersionedHashes: [],
    authorizationList: [],
  };
  const started = performance.now();
  const result = await evm.transact(call, { callOnly: true });
  const ms = performance.now() - started;
  print(result, ms);
  return result.status === 'success' ? 0 : 1;
}

function print(result: TransactionResult, ms: number): void {
  const lines = [`status   ${result.status}${'reason' in result ? `: ${result.reason}` : ''}`];
  if (result.status !== 'refused') {
    lines.push(`gas      ${result.gasUsed}`);
    lines.push(`output   0x${result.output.toHex()}`);
    result.logs.forEach(({ address, topics, data }, i) => {
      lines.push(`log ${i}    ${address} ${topics.join(' ')} 0x${data.toHex()}`);
    });
  } else lines.push(`         ${result.message}`);
  lines.push(`time     ${ms.toFixed(3)} ms`);
  process.stdout.write(`${lines.join('\n')}\n`);
}
