/**
 * The struct log: each instruction with the machine as it stood before it, as geth writes it
 * (eth/tracers/logger). It is written as text while the transaction runs and never held: the
 * machine stands still while the reader is behind. What comes first in the answer (gas, failure,
 * output) is known from a run without steps.
 *
 *   {"gas":…,"failed":…,"returnValue":…,"structLogs":[{"pc":0,"op":"PUSH1",…},…]}
 */

import { turn } from '../../base/turn.ts';
import type { CallEnter, CallExit } from '../../evm/machine/hooks.ts';
import type { TraceStep } from '../../evm/machine/steps.ts';
import type { Address, ExecutionResult } from '../../evm/types.ts';
import { ExecutionAborted } from '../execution/call-failure.ts';
import type { Write } from '../rpc/streamed.ts';
import { dataHex, wordHex } from '../rpc/values.ts';
import { AsciiText } from './ascii-text.ts';
import { failureWords, opcodeWord, UNBEGUN } from './failure-words.ts';
import { gethGasCost, isFoundBeforehand } from './step-gas.ts';
import type { TraceTarget } from './target.ts';
import type { StructLogOptions } from './tracers.ts';

/** The event loop gets a turn after so long. */
const SLICE_MS = 2;
/** Steps between two looks at the clock: some 30 microseconds. */
const LOOK_STEPS = 64;
/** Characters of a step after which there is a look at the clock, too. */
const LARGE_CHARACTERS = 8_192;
/** As long as a timer goes: the budget ends the run, which does not count what it waits. */
const WAIT_MS = 2 ** 31 - 1;

/** Written at once. */
const PIECE_CHARACTERS = 64 << 10;

const SLOAD = 0x54;
const SSTORE = 0x55;

/** Writes the answer for one transaction. @throws RpcError; what `write` throws */
export async function writeStructLog(
  target: TraceTarget,
  options: StructLogOptions,
  write: Write,
): Promise<void> {
  const result = await target.run({});
  const writer = new StepWriter(target, options, write);
  writer.begin(`${headOf(result)}"structLogs":[`);
  try {
    await target.run({
      hooks: {
        onEnter: (call) => writer.enter(call),
        onExit: (exit) => writer.exit(exit),
      },
      onStep: writer.onStep,
      stepMemory: options.enableMemory,
      timeoutMs: WAIT_MS,
    });
  } catch (error) {
    if (!(error instanceof LimitReached)) throw error;
  }
  await writer.end(']}');
}

function headOf({ gasUsed, status, output }: ExecutionResult): string {
  const isFailed = status !== 'success';
  const shown = status === 'halt' ? '0x' : dataHex(output);
  return `{"gas":${gasUsed},"failed":${isFailed},"returnValue":"${shown}",`;
}

/** The run need not go on. */
class LimitReached extends Error {}

class StepWriter {
  readonly #target: TraceTarget;
  readonly #options: StructLogOptions;
  readonly #write: Write;
  readonly #selves: Address[] = [];
  /** The machine stops where there is no code; for geth that is no step. */
  readonly #isCodeless: boolean[] = [];
  /** Slots that were seen up to now, by contract: a revert does not undo what was seen. */
  readonly #storages = new Map<Address, Map<string, string>>();
  /** An SLOAD whose value the next step shows. */
  #pending: TraceStep | undefined;
  /** The machine does not wait for the last one. */
  #taken: Promise<void> | undefined;
  /** Gas given to the last call. */
  #given = 0n;
  /** The same of one that did not begin: it was given back at once, and geth's price holds it. */
  #unbegun = 0n;
  #count = 0;
  /** The last step, for its memory or its many slots. */
  #isLarge = false;
  #sliceEndMs = performance.now() + SLICE_MS;
  /** What is not written yet. */
  readonly #text = new AsciiText();
  readonly #stack = new StackText();
  #memory: Uint8Array | undefined;
  #memoryText = '';

  constructor(target: TraceTarget, options: StructLogOptions, write: Write) {
    this.#target = target;
    this.#options = options;
    this.#write = write;
  }

  begin(head: string): void {
    this.#text.add(head);
  }

  enter({ kind, depth, to, gas, code }: CallEnter): void {
    this.#selves[depth] = to;
    this.#isCodeless[depth] = code().length === 0;
    this.#given = kind === 'create' || kind === 'create2' ? 0n : gas;
  }

  exit({ reason }: CallExit): void {
    this.#unbegun = reason !== undefined && UNBEGUN.has(reason) ? this.#given : 0n;
  }

  // One function for both ways a step may be reported: most give no promise.
  readonly onStep = (step: TraceStep): Promise<void> => {
    this.#taken = this.#take(step);
    return this.#taken as Promise<void>;
  };

  #take(taken: TraceStep): Promise<void> | undefined {
    const step =
      this.#unbegun === 0n ? taken : { ...taken, gasCost: taken.gasCost + this.#unbegun };
    this.#unbegun = 0n;
    const pending = this.#pending;
    this.#pending = undefined;
    let full: Promise<void> | undefined;
    if (pending !== undefined) {
      full = this.#put(pending, this.#sloaded(pending, step.stack.at(-1) ?? 0n));
    }
    if (this.#isCodeless[step.depth - 1] === true) return full && this.#wait(full);
    const { limit, disableStorage } = this.#options;
    if (limit !== 0 && this.#count >= limit) throw new LimitReached();
    if (step.op === SLOAD && !disableStorage && step.stack.length > 0) {
      if (step.error !== undefined) return this.#putFailedLoad(step);
      this.#pending = step;
    } else {
      const storage = step.op === SSTORE && !disableStorage ? this.#sstored(step) : '';
      full = this.#put(step, storage) ?? full;
    }
    if (full !== undefined) return this.#wait(full);
    return this.#isLarge || this.#count % LOOK_STEPS === 0 ? this.#look() : undefined;
  }

  async end(tail: string): Promise<void> {
    await this.#taken;
    const { limit } = this.#options;
    if (this.#pending !== undefined && (limit === 0 || this.#count < limit)) {
      await this.#putFailedLoad(this.#pending);
    }
    this.#text.add(tail);
    await this.#write(this.#text.take());
  }

  /** @throws RpcError when the budget is spent */
  #look(): Promise<void> | undefined {
    if (performance.now() < this.#sliceEndMs) return undefined;
    const { budget } = this.#target;
    if (budget.isSpent) throw new ExecutionAborted('execution timeout');
    return turn().then(() => {
      this.#sliceEndMs = performance.now() + SLICE_MS;
    });
  }

  /** What the reader takes does not count. */
  async #wait(full: Promise<void>): Promise<void> {
    const start = performance.now();
    await full;
    this.#target.budget.extend(performance.now() - start);
    await this.#look();
  }

  #put(step: TraceStep, storage: string): Promise<void> | undefined {
    const { pc, op, gas, depth, error, refund, returnData, memory } = step;
    const { disableStack, enableReturnData } = this.#options;
    const { rules } = this.#target.rules;
    const text = this.#text;
    const start = text.length;
    text.add(this.#count === 0 ? '{"pc":' : ',{"pc":');
    text.addDecimal(pc);
    text.add(',"op":"');
    text.add(opcodeWord(op));
    text.add('","gas":');
    text.addDecimal(gas);
    text.add(',"gasCost":');
    text.addDecimal(gethGasCost(step, rules));
    text.add(',"depth":');
    text.addDecimal(depth);
    if (error !== undefined && isFoundBeforehand(step, rules)) {
      text.add(`,"error":"${failureWords(error, step)}"`);
    }
    if (!disableStack) this.#stack.addTo(text, step.stack);
    if (enableReturnData && returnData.length > 0) {
      text.add(`,"returnData":"${dataHex(returnData)}"`);
    }
    if (memory !== undefined && memory.length > 0) {
      text.add(',"memory":[');
      text.add(this.#memoryWords(memory));
      text.add(']');
    }
    text.add(storage);
    if (refund !== 0n) text.add(`,"refund":${refund}`);
    text.add('}');
    this.#count += 1;
    this.#isLarge = text.length - start > LARGE_CHARACTERS;
    return text.length < PIECE_CHARACTERS ? undefined : this.#write(text.take());
  }

  #memoryWords(memory: Uint8Array): string {
    if (this.#memory === memory) return this.#memoryText;
    this.#memory = memory;
    const words: string[] = [];
    for (let at = 0; at < memory.length; at += 32) {
      words.push(`"0x${memory.subarray(at, at + 32).toHex()}"`);
    }
    this.#memoryText = words.join(',');
    return this.#memoryText;
  }

  #sloaded({ stack, depth }: TraceStep, value: bigint): string {
    return this.#withSlot(depth, stack.at(-1) ?? 0n, value);
  }

  #sstored({ stack, depth }: TraceStep): string {
    if (stack.length < 2) return '';
    return this.#withSlot(depth, stack.at(-1) ?? 0n, stack.at(-2) ?? 0n);
  }

  /** One that failed has loaded nothing: its value is the one that was seen, or the state's. */
  async #putFailedLoad(step: TraceStep): Promise<void> {
    const slot = step.stack.at(-1) ?? 0n;
    const self = this.#selfAt(step.depth);
    const seen = this.#storages.get(self)?.get(wordHex(slot));
    const value =
      seen === undefined ? await this.#target.state.getStorage(self, slot) : BigInt(seen);
    await this.#put(step, this.#sloaded(step, value));
  }

  #selfAt(depth: number): Address {
    return this.#selves[depth - 1] ?? (`0x${'00'.repeat(20)}` as Address);
  }

  #withSlot(depth: number, slot: bigint, value: bigint): string {
    const self = this.#selfAt(depth);
    let storage = this.#storages.get(self);
    if (storage === undefined) {
      storage = new Map();
      this.#storages.set(self, storage);
    }
    storage.set(wordHex(slot), wordHex(value));
    const slots = [...storage].sort(([a], [b]) => (a < b ? -1 : 1));
    return `,"storage":{${slots.map(([key, word]) => `"${key}":"${word}"`).join(',')}}`;
  }
}

/** The stack's text. PERF: of a stack only what lies above the lowest change is written anew. */
class StackText {
  readonly #text = new AsciiText();
  #items: readonly bigint[] = [];
  /** Where the text of each item ends. */
  readonly #ends: number[] = [];

  addTo(text: AsciiText, stack: readonly bigint[]): void {
    const before = this.#items;
    const same = this.#text;
    let at = 0;
    while (at < stack.length && at < before.length && before[at] === stack[at]) at += 1;
    same.cut(at === 0 ? 0 : (this.#ends[at - 1] as number));
    for (; at < stack.length; at++) {
      same.add(at === 0 ? '"0x' : ',"0x');
      same.addHex(stack[at] as bigint);
      same.add('"');
      this.#ends[at] = same.length;
    }
    this.#items = stack;
    text.add(',"stack":[');
    text.addText(same);
    text.add(']');
  }
}
