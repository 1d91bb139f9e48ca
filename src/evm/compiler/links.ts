/** What the assembler of a region needs of the module around it, and what it tells of itself. */
import type { FunctionBuilder, FunctionRef, Value } from '../../wasm/function.ts';
import type { ForkName } from '../forks/names.ts';
import type { RuntimeCallName } from '../opcodes/runtime-calls.ts';
import type { Block } from './blocks.ts';
import type { StoreHelpers } from './virtual-stack.ts';

/** What all functions of a contract's module share. */
export interface ContractLinks extends StoreHelpers {
  readonly fork: ForkName;
  readonly code: Uint8Array;
  runtime(name: RuntimeCallName): FunctionRef;
  /** (fp, sp, gas, pc, mem) -> status: goes on in the interpreter at pc. */
  readonly interpret: FunctionRef;
  /** (fp, sp, gas, pc, mem) -> status: a jump by the code's jump map; pc is -1 past 2^32. */
  readonly jump: FunctionRef;
  /** (fp, sp, gas, pc, table index) -> status: asks the driver for more gas, to go on at pc. */
  readonly askForGas: FunctionRef;
  /** (fp, gas) -> gas: draws from the reserve; negative when it does not suffice. */
  readonly refill: FunctionRef;
  /** (fp, gas, end) -> gas left or a negative status: expandMemory, paid by the reserve too. */
  readonly expand: FunctionRef;
  /** (fp) -> status: ends the frame that has run out of gas, the reserve included. */
  readonly outOfGas: FunctionRef;
  /**
   * The function whose root is the block at `pc`, or undefined when there is none. `weight` is how
   * often it is entered from here.
   */
  functionAt(pc: number, weight: number): FunctionRef | undefined;
  blockAt(pc: number): Block | undefined;
  /** Pushes the table index of a function, or 0 when there is none. */
  pushSlot(fn: FunctionBuilder, pc: number, weight: number): Value<'i32'>;
}

/** The way out of a region that is not taken on to a node. */
export interface RegionExit {
  /** Where to, or -1 where only the run knows. */
  readonly pc: number;
  readonly from: number;
}
