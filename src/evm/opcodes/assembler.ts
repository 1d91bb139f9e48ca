/**
 * The macro-assembler: what an opcode's meaning is written against.
 *
 * Two machines implement it. The interpreter assembles one opcode a function, operands in memory;
 * the compiler assembles runs of opcodes, operands in locals. A meaning may assume that the stack
 * holds its operands, has room for its results, and that its static gas is paid.
 *
 * Failing (`failIf`, a negative answer of the runtime) must come before anything is changed: the
 * interpreter halts or suspends at this instruction, compiled code hands the instruction over to
 * the interpreter.
 */
import type { FunctionBuilder, FunctionRef, Local, Value } from '../../wasm/function.ts';
import type { ForkName } from '../forks/names.ts';
import type { Emitter, Word } from '../words/word.ts';
import type { OperationName, RuntimeCallName, WordCallName } from './runtime-calls.ts';

export interface Assembler extends Emitter {
  readonly fn: FunctionBuilder;
  readonly fork: ForkName;
  /** The frame, which is the stack's base. */
  readonly fp: Local<'i32'>;
  /** EVM memory of the frame. */
  readonly mem: Local<'i32'>;

  // ---- operands
  pop(): Word;
  push(word: Word): void;
  /** The opcode's immediate bytes as a word. */
  immediate(): Word;
  /** This instruction's pc as a word. */
  programCounter(): Word;
  /** DUP: pushes a copy of item `depth` (0 = top). */
  duplicate(depth: number): void;
  /** SWAP: exchanges the top with item `depth`. */
  exchange(depth: number): void;
  /** DUPN, SWAPN, EXCHANGE: by the immediate byte; they fail where it or the stack does. */
  duplicateByImmediate(): void;
  exchangeByImmediate(): void;
  exchangePairByImmediate(): void;

  /** From here on `word` is known to be `same`, which is simpler: so is each copy on the stack. */
  refine(word: Word, same: Word): void;

  // ---- gas
  /** Pushes the gas left in the slice; at least what is exact, never more. */
  pushGas(): Value<'i64'>;
  /** Pays `cost`; fails with out of gas when there is less. */
  charge(cost: Local<'i64'>): void;
  /** Takes what a runtime call left. */
  setGas(left: Local<'i64'>): void;

  // ---- memory
  /** Bytes of the EVM memory that are known to be addressable: what lies below needs no check. */
  readonly memoryEnd: number;
  /** The memory is addressable up to `end` from here on. */
  noteMemory(end: number): void;
  /** Pays for and zeroes the memory up to `end`; fails where it cannot. */
  growMemory(end: Local<'i64'>): void;

  // ---- ways out
  /** Runs `body` where the condition holds, which is rare: it may be emitted out of the way. */
  rarely(condition: Value<'i32'>, body: () => void): void;
  /** Fails with `status` if the condition holds. */
  failIf(condition: Value<'i32'>, status: number): void;
  /** Fails with minus the value of `result` if it is negative. */
  failIfNegative(result: Local<'i64'>): void;
  /**
   * Leaves compiled code if the condition holds, which rarely does: the interpreter executes the
   * instruction. Only for what is known of words while compiling; nothing is known while
   * interpreting.
   */
  exitIf(condition: Value<'i32'>): void;
  /** Ends the frame with `status`; the output, if any, is [address, address + size). */
  finish(status: number, output?: { address: Local<'i32'>; size: Local<'i32'> }): void;
  /** An exceptional halt, always. */
  fail(status: number): void;
  /** Leaves for the driver through a runtime function that enters or leaves frames. */
  depart(call: 'opCall' | 'opCreate' | 'opSelfdestruct', opcode?: number): void;
  jump(destination: Word): void;
  jumpIf(destination: Word, condition: Word): void;

  // ---- the runtime
  runtime(name: RuntimeCallName): FunctionRef;
  /** Pops `pops` words and pushes the result of a function on words in memory. */
  callOnWords(name: WordCallName, pops: number): void;
  /** Runs an operation on the stack in memory, which pops and pushes so many words. */
  callOperation(name: OperationName, pops: number, pushes: number): void;
  callLog(topics: number): void;
  /** Pushes the address where a result may be put that is read at once, and takes it as a word. */
  scratch(): { base: Local<'i32'>; offset: number };
}

/** One meaning an opcode. */
export type Meaning = (m: Assembler) => void;

/** Meanings by the opcode's name. */
export type Meanings = Readonly<Record<string, Meaning>>;
