/** Ironfly's own machine for the runner: one EVM a fork, kept over all cases. */

import { createEVM, type EVM, type TransactOptions } from '../../evm/evm.ts';
import type { CustomPrecompiles } from '../../evm/execution-options.ts';
import type { ForkName } from '../../evm/forks/names.ts';
import type { TraceStep } from '../../evm/machine/steps.ts';
import type { PrecompileHost } from '../../evm/precompiles/precompile.ts';
import type { Awaitable, Engine, StateReader, TransactionResult } from '../../evm/types.ts';
import type { TestJob, TestMachine } from './run.ts';
import { endLine, stepLine } from './trace.ts';

export interface MachineOptions {
  readonly engine: Engine;
  /** For `auto`: calls or jumps after which code is compiled. */
  readonly hotThreshold?: number;
  /** Instead of Ironfly's own. */
  readonly precompiles?: PrecompileHost;
  /** Precompiles of one job, in place of the fork's. */
  readonly jobPrecompiles?: (job: TestJob) => CustomPrecompiles | undefined;
  /** Whether precompiles may answer by promises, as they do in browsers while they load. */
  readonly suspends?: boolean;
  /** Takes the EIP-3155 lines of each transaction. */
  readonly onTrace?: (line: string) => void;
}

/** Opens a machine that keeps its EVMs from case to case. */
export function openMachine(options: MachineOptions): TestMachine {
  const open = new Map<ForkName, Slot>();
  return {
    execute(job: TestJob): Awaitable<TransactionResult> {
      const slot = open.get(job.fork) ?? openSlot(job.fork, options);
      open.set(job.fork, slot);
      // A test's state is what it was again after each case, so what is cached of it stays good.
      if (slot.state !== job.state) {
        slot.evm.setState(job.state);
        slot.state = job.state;
      }
      if (slot.chainId !== job.chainId) {
        slot.evm.setChainId(job.chainId);
        slot.chainId = job.chainId;
      }
      slot.evm.setBlock(job.block);
      // Whatever state a machine is in that fails, it is not used again.
      const fail = (error: unknown): never => {
        open.delete(job.fork);
        throw error;
      };
      const custom = options.jobPrecompiles?.(job);
      const settings = { commit: false, ...(custom && { customPrecompiles: custom }) };
      if (options.suspends === true) {
        return slot.evm.transact(job.transaction, settings).catch(fail);
      }
      try {
        return transact(slot.evm, job, settings, options.onTrace);
      } catch (error) {
        return fail(error);
      }
    },
  };
}

function transact(
  evm: EVM,
  { transaction }: TestJob,
  settings: TransactOptions,
  onTrace: ((line: string) => void) | undefined,
): TransactionResult {
  if (onTrace === undefined) return evm.transactSync(transaction, settings);
  const onStep = (step: TraceStep): void => onTrace(stepLine(step));
  const result = evm.transactSync(transaction, { ...settings, onStep });
  onTrace(endLine(result));
  return result;
}

interface Slot {
  readonly evm: EVM;
  state: StateReader | undefined;
  chainId: bigint | undefined;
}

function openSlot(fork: ForkName, options: MachineOptions): Slot {
  return { evm: createEVM({ fork, ...options }), state: undefined, chainId: undefined };
}
