/**
 * The macro-assembler for regions: a graph of blocks in one function, operands in locals or
 * untouched in the stack's memory, stack bounds checked once, gas once a segment, everything rare
 * left to the interpreter.
 *
 * A side exit spills the stack as it was before the current opcode, gives back the static gas of
 * what was not executed, and goes on in the interpreter at the opcode's own pc.
 */
import type { FunctionBuilder, FunctionRef, Label, Local, Value } from '../../wasm/function.ts';
import type { ForkName } from '../forks/names.ts';
import * as layout from '../layout.ts';
import type { Assembler } from '../opcodes/assembler.ts';
import { MEANINGS } from '../opcodes/meanings.ts';
import type { OperationName, RuntimeCallName, WordCallName } from '../opcodes/runtime-calls.ts';
import { decodePair } from '../opcodes/stack-immediates.ts';
import { pushIsNonzero } from '../words/comparison.ts';
import {
  constant,
  constantOf,
  fromBytes,
  keep,
  keep32,
  WORD_BYTES,
  type Word,
} from '../words/word.ts';
import type { Instruction } from './blocks.ts';
import type { Edge, RegionNode } from './graph.ts';
import { hintJump, pushPc } from './jumps.ts';
import type { ContractLinks, RegionExit } from './links.ts';
import { type Merge, Merges } from './merges.ts';
import { isObservableFrom } from './observable.ts';
import { isCold } from './regions.ts';
import { boundsOf, type Structure } from './structure.ts';
import { type AssemblyMark, type LocalSet, REPEATS_MAX, Temporaries } from './temporaries.ts';
import { collectSnapshot, type StackSnapshot, VirtualStack } from './virtual-stack.ts';

export class RegionAssembler implements Assembler {
  readonly fn: FunctionBuilder;
  readonly fork: ForkName;
  readonly fp: Local<'i32'>;
  readonly mem: Local<'i32'>;
  readonly exits: RegionExit[] = [];
  readonly #sp: Local<'i32'>;
  readonly #left: Local<'i64'>;
  readonly #stack: VirtualStack;
  readonly #links: ContractLinks;
  readonly #structure: Structure;
  readonly #merges: Merges;
  /** Merges that edges may still lead to. */
  readonly #open = new Set<Merge>();
  readonly #forwardLabels = new Map<RegionNode, Label>();
  readonly #loopLabels = new Map<RegionNode, Label>();
  #node: RegionNode;
  #instruction: Instruction;
  /** Height of the stack before the current opcode. */
  #heightBefore = 0;
  /** Static gas that was paid in advance for the current opcode and those after it. */
  #prepaid = 0;
  #memoryEnd = 0;
  #bytesLimit = 0;
  #repeats = 0;
  readonly #temporaries: Temporaries;
  /** Stacks at forks that assembling will come back to. */
  readonly #forks: StackSnapshot[] = [];

  /** A simple one keeps what lies on the stack where edges meet in memory. */
  constructor(fn: FunctionBuilder, structure: Structure, simple: boolean, links: ContractLinks) {
    this.fn = fn;
    this.#temporaries = new Temporaries(fn);
    this.fork = links.fork;
    this.#links = links;
    this.#structure = structure;
    this.#merges = new Merges(structure, simple);
    this.#node = structure.order[0] as RegionNode;
    this.#instruction = this.#node.block.instructions[0] as Instruction;
    this.fp = fn.param(0, 'i32');
    this.#sp = fn.param(1, 'i32');
    this.#left = fn.param(2, 'i64');
    this.mem = fn.param(4, 'i32');
    const low = fn.local('i32');
    this.#stack = new VirtualStack(this, low, boundsOf(structure), links);
    const room = this.#stack.growthMax * WORD_BYTES;
    fn.set(low, fn.i32.sub(fn.get(this.#sp), fn.i32.const(room)));
  }

  i64(): Local<'i64'> {
    return this.#temporaries.take('i64');
  }

  i32(): Local<'i32'> {
    return this.#temporaries.take('i32');
  }

  v128(): Local<'v128'> {
    return this.#temporaries.take('v128');
  }

  #collectLocals(into: LocalSet): void {
    const { needMax } = this.#stack;
    this.#stack.collectLocals(into);
    for (const fork of this.#forks) collectSnapshot(fork, needMax, into);
    for (const merge of this.#open) merge.collectLocals(into, needMax);
  }

  // ---------------------------------------------------------------- the graph

  /**
   * Assembles the region, or gives up: once its function has more than `bytesLimit`, or its loops
   * have been assembled again too often.
   */
  assemble(bytesLimit: number): 'done' | 'too large' | 'too often' {
    this.#bytesLimit = bytesLimit;
    const root = this.#node;
    this.#checkBounds();
    if (this.#structure.isHeader(root)) this.#arriveAt(root);
    this.#assembleTree(root);
    this.fn.unreachable();
    if (this.#repeats > REPEATS_MAX) return 'too often';
    return this.fn.size > bytesLimit ? 'too large' : 'done';
  }

  /** Loops that were assembled again. */
  get repeats(): number {
    return this.#repeats;
  }

  /** Whether what is assembled from here on will not be used. */
  get #isInVain(): boolean {
    return this.fn.size > this.#bytesLimit || this.#repeats > REPEATS_MAX;
  }

  /** The node and what it dominates. An edge to a merge or header has been prepared. */
  #assembleTree(node: RegionNode): void {
    if (this.#structure.isHeader(node)) {
      this.#assembleLoop(node);
      return;
    }
    if (this.#structure.isMerge(node)) {
      const merge = this.#merges.of(node);
      this.#enter(merge);
      this.#open.delete(merge);
    }
    this.#assembleWithin(node, this.#structure.mergesBelow(node), 0);
  }

  /** Assembles a loop until all that comes back around it fits what was taken for its header. */
  #assembleLoop(header: RegionNode): void {
    const merge = this.#merges.of(header);
    const mark = this.#mark();
    for (;;) {
      this.#enter(merge);
      this.fn.loop((label) => {
        this.#loopLabels.set(header, label);
        this.#assembleWithin(header, this.#structure.mergesBelow(header), 0);
      });
      if (!merge.changed || this.#isInVain) break;
      this.#rewind(mark);
      this.#repeats += 1;
    }
    this.#open.delete(merge);
  }

  #mark(): AssemblyMark {
    return {
      fn: this.fn.mark(),
      temporaries: this.#temporaries.mark(),
      exits: this.exits.length,
    };
  }

  #rewind(mark: AssemblyMark): void {
    this.fn.rewind(mark.fn);
    this.#merges.rewind(mark.fn.length);
    for (const merge of this.#open) if (merge.arrivals === 0) this.#open.delete(merge);
    this.#temporaries.rewind(mark.temporaries);
    this.exits.length = mark.exits;
  }

  /** The node inside a block for each merge below it, and each merge behind its block. */
  #assembleWithin(node: RegionNode, merges: readonly RegionNode[], from: number): void {
    const merge = merges[from];
    if (merge === undefined) {
      this.#assembleBlock(node);
      return;
    }
    this.fn.block((label) => {
      this.#forwardLabels.set(merge, label);
      this.#assembleWithin(node, merges, from + 1);
    });
    if (this.#merges.of(merge).arrivals > 0) this.#assembleTree(merge);
    else this.fn.unreachable();
  }

  /** Goes on with the stack that all edges agree on. */
  #enter(merge: Merge): void {
    this.#stack.restore(merge.enter(this, this.#stack));
    this.#memoryEnd = merge.memoryEnd;
  }

  #arriveAt(node: RegionNode): void {
    const merge = this.#merges.of(node);
    this.#open.add(merge);
    merge.arrive(this.fn.size, this.#stack.snapshot(), this.#memoryEnd);
  }

  #follow(edge: Edge): void {
    const { node } = edge;
    if (node === undefined) {
      this.#leaveFor(edge.pc);
      return;
    }
    const { isBack, isMerge, isHeader } = this.#structure;
    if (isBack(this.#node, node)) {
      this.#merges.of(node).comeBack(this, this.#stack);
      this.fn.br(this.#loopLabels.get(node) as Label);
      return;
    }
    if (isMerge(node) || isHeader(node)) this.#arriveAt(node);
    if (isMerge(node)) this.fn.br(this.#forwardLabels.get(node) as Label);
    else this.#assembleTree(node);
  }

  // ---------------------------------------------------------------- blocks

  #assembleBlock(node: RegionNode): void {
    this.#node = node;
    const { instructions } = node.block;
    let paid = false;
    for (let index = 0; index < instructions.length; index++) {
      if (this.#isInVain) return;
      const instruction = instructions[index] as Instruction;
      this.#instruction = instruction;
      this.#heightBefore = this.#stack.height;
      if (!paid) this.#payFrom(index);
      paid = !instruction.row.observesGas;
      if (this.#temporaries.areMany) this.#temporaries.release((used) => this.#collectLocals(used));
      const meaning = MEANINGS[instruction.row.byte];
      if (meaning === undefined) throw new RangeError(`${instruction.row.name} has no meaning`);
      meaning(this);
      this.#prepaid -= instruction.gas;
    }
    if (instructions.at(-1)?.row.endsBlock !== true) this.#follow(node.next as Edge);
  }

  /** Checks at the root that the stack suffices for every node of the region. */
  #checkBounds(): void {
    const { fn } = this;
    const { needMax, growthMax } = this.#stack;
    const room = layout.STACK_BYTES - (needMax + growthMax) * WORD_BYTES;
    // What needs more than a whole stack fails somewhere, if all of it runs: the interpreter sees.
    if (room < 0) {
      fn.if(fn.i32.const(1), () => this.#sideExit());
      return;
    }
    const used = fn.i32.sub(fn.get(this.fp), fn.get(this.#sp));
    const above = fn.i32.sub(used, fn.i32.const(needMax * WORD_BYTES));
    const outside = fn.i32.gtU(above, fn.i32.const(room));
    fn.hint(false);
    fn.if(outside, () => this.#sideExit());
  }

  /** Pays for the segment that starts at instruction `index`: up to what observes gas. */
  #payFrom(index: number): void {
    const { block } = this.#node;
    let cost = 0;
    for (let i = index; i < block.instructions.length; i++) {
      const { gas, row } = block.instructions[i] as Instruction;
      cost += gas;
      if (row.observesGas) break;
    }
    this.#prepaid = cost;
    if (cost === 0) return;
    const { fn } = this;
    fn.set(this.#left, fn.i64.sub(fn.get(this.#left), fn.i64.const(cost)));
    fn.hint(false);
    fn.if(this.#pushIsPoor(), () => {
      if (index === 0 && this.#isDoor()) this.#askForGas(cost);
      else if (isObservableFrom(block, index)) this.#sideExit();
      else {
        fn.set(this.#left, fn.call(this.#links.refill, fn.get(this.fp), fn.get(this.#left)));
        fn.if(this.#pushIsPoor(), () => fn.returnCall(this.#links.outOfGas, fn.get(this.fp)));
      }
    });
  }

  #pushIsPoor(): Value<'i32'> {
    return this.fn.i64.ltS(this.fn.get(this.#left), this.fn.i64.const(0));
  }

  /** Whether the end of a slice goes to the driver here: on entering the region, around loops. */
  #isDoor(): boolean {
    return this.#structure.isHeader(this.#node) || this.#node === this.#structure.order[0];
  }

  /** Leaves for the driver, which comes back to a function of this block. */
  #askForGas(cost: number): void {
    const { fn } = this;
    const { block, weight } = this.#node;
    this.#stack.spillAside(this.#heightBefore);
    fn.returnCall(
      this.#links.askForGas,
      fn.get(this.fp),
      this.#stack.pushPointer(this.#heightBefore),
      fn.i64.add(fn.get(this.#left), fn.i64.const(cost)),
      fn.i32.const(block.pc),
      this.#links.pushSlot(fn, block.pc, weight),
    );
  }

  // ---------------------------------------------------------------- operands

  pop(): Word {
    return this.#stack.pop();
  }

  push(word: Word): void {
    this.#stack.push(word);
  }

  duplicate(depth: number): void {
    this.#stack.duplicate(depth);
  }

  exchange(depth: number): void {
    this.#stack.exchange(depth);
  }

  // The row of the instruction was found for its immediate byte (blocks.ts).
  duplicateByImmediate(): void {
    this.#stack.duplicate(this.#instruction.row.pops - 1);
  }

  exchangeByImmediate(): void {
    this.#stack.exchange(this.#instruction.row.pops - 1);
  }

  exchangePairByImmediate(): void {
    const pair = decodePair(this.#links.code[this.#instruction.pc + 1] ?? 0);
    this.#stack.exchangePair(pair as readonly [number, number]);
  }

  immediate(): Word {
    const start = this.#instruction.pc + 1;
    return fromBytes(this.#links.code, start, start + this.#instruction.row.immediate);
  }

  programCounter(): Word {
    return constant(BigInt(this.#instruction.pc));
  }

  refine(word: Word, same: Word): void {
    this.#stack.refine(word, same);
  }

  // ---------------------------------------------------------------- memory

  get memoryEnd(): number {
    return this.#memoryEnd;
  }

  noteMemory(end: number): void {
    this.#memoryEnd = Math.max(this.#memoryEnd, end);
  }

  growMemory(end: Local<'i64'>): void {
    const { fn } = this;
    const registers = [fn.get(this.fp), fn.get(this.#left), fn.get(end)];
    const left = keep(this, fn.call(this.#links.expand, ...registers));
    this.failIfNegative(left);
    this.setGas(left);
  }

  // ---------------------------------------------------------------- gas

  pushGas(): Value<'i64'> {
    return this.fn.get(this.#left);
  }

  setGas(left: Local<'i64'>): void {
    this.fn.set(this.#left, this.fn.get(left));
  }

  charge(cost: Local<'i64'>): void {
    const { fn } = this;
    this.failIf(fn.i64.ltS(fn.get(this.#left), fn.get(cost)));
    fn.set(this.#left, fn.i64.sub(fn.get(this.#left), fn.get(cost)));
  }

  // ---------------------------------------------------------------- ways out

  rarely(condition: Value<'i32'>, body: () => void): void {
    this.fn.hint(false);
    this.fn.if(condition, body);
  }

  failIf(condition: Value<'i32'>): void {
    this.fn.hint(false);
    this.fn.if(condition, () => this.#sideExit());
  }

  exitIf(condition: Value<'i32'>): void {
    this.failIf(condition);
  }

  failIfNegative(result: Local<'i64'>): void {
    this.failIf(this.fn.i64.ltS(this.fn.get(result), this.fn.i64.const(0)));
  }

  fail(status: number): void {
    this.fn.return(this.fn.i32.const(status));
  }

  /** Hands the current opcode over to the interpreter. */
  #sideExit(): void {
    const { fn } = this;
    this.#stack.spillAside(this.#heightBefore);
    const gas = () => {
      const left = fn.get(this.#left);
      return this.#prepaid === 0 ? left : fn.i64.add(left, fn.i64.const(this.#prepaid));
    };
    fn.returnCall(
      this.#links.interpret,
      fn.get(this.fp),
      this.#stack.pushPointer(this.#heightBefore),
      gas(),
      fn.i32.const(this.#instruction.pc),
      fn.get(this.mem),
    );
  }

  finish(status: number, output?: { address: Local<'i32'>; size: Local<'i32'> }): void {
    const { fn } = this;
    if (output !== undefined) {
      fn.i32.store(fn.get(this.fp), fn.get(output.address), layout.F_OUTPUT);
    }
    const size = () => (output === undefined ? fn.i32.const(0) : fn.get(output.size));
    fn.i32.store(fn.get(this.fp), size(), layout.F_OUTPUT_SIZE);
    fn.i64.store(fn.get(this.fp), fn.get(this.#left), layout.F_GAS);
    fn.return(fn.i32.const(status));
  }

  depart(call: 'opCall' | 'opCreate' | 'opSelfdestruct', opcode?: number): void {
    const { fn } = this;
    this.#stack.spillAll();
    const frame = () => fn.get(this.fp);
    const sp = () => this.#stack.pushPointer(this.#stack.height);
    const code = () => fn.i32.load(frame(), layout.F_CODE);
    const pc = layout.CODE_BYTES + this.#instruction.pc;
    fn.i32.store(frame(), fn.i32.add(code(), fn.i32.const(pc)), layout.F_IP);
    fn.i32.store(frame(), sp(), layout.F_SP);
    const before = () => fn.i64.add(fn.get(this.#left), fn.i64.const(this.#instruction.gas));
    fn.i64.store(frame(), before(), layout.F_GAS);
    const registers = [frame(), sp(), fn.get(this.#left)];
    const target = this.#links.runtime(call);
    if (opcode === undefined) {
      fn.returnCall(target, ...registers);
      return;
    }
    const result: Value<'i32'> = fn.call(target, ...registers, fn.i32.const(opcode));
    const status = keep32(this, result);
    const entered = fn.i32.eq(fn.get(status), fn.i32.const(layout.STATUS_SWITCH_FRAME));
    fn.if(entered, () =>
      fn.i32.store(
        frame(),
        this.#links.pushSlot(fn, this.#node.block.next, this.#node.weight),
        layout.F_RESUME,
      ),
    );
    fn.return(fn.get(status));
  }

  jump(destination: Word): void {
    const { taken } = this.#node;
    if (taken?.node !== undefined) this.#follow(taken);
    else if (constantOf(destination) !== undefined) this.#jumpTo(constantOf(destination) as bigint);
    else this.#jumpThroughMap(keep32(this, pushPc(this, destination)));
  }

  jumpIf(destination: Word, condition: Word): void {
    const node = this.#node;
    const known = constantOf(condition);
    if (known === 0n) {
      this.#follow(node.next as Edge);
      return;
    }
    if (known !== undefined) {
      this.jump(destination);
      return;
    }
    const { fn } = this;
    const isFar = node.taken?.node === undefined && constantOf(destination) === undefined;
    const pc = isFar ? keep32(this, pushPc(this, destination)) : undefined;
    const fork = this.#stack.snapshot();
    const memoryEnd = this.#memoryEnd;
    this.#forks.push(fork);
    const taken = pushIsNonzero(this, condition);
    hintJump(this, node, this.#links);
    fn.if(taken, () => {
      if (pc !== undefined) this.#jumpThroughMap(pc);
      else this.jump(destination);
    });
    this.#forks.pop();
    this.#stack.restore(fork);
    this.#memoryEnd = memoryEnd;
    this.#node = node;
    this.#follow(node.next as Edge);
  }

  /** A jump out of the region whose destination is known. */
  #jumpTo(destination: bigint): void {
    const { code } = this.#links;
    const pc = destination < BigInt(code.length) ? Number(destination) : -1;
    if (this.#links.blockAt(pc)?.isJumpDestination === true) this.#leaveFor(pc);
    else this.#jumpThroughMap(keep32(this, this.fn.i32.const(pc)));
  }

  /** A jump to a pc that only the run knows, or that is no destination. */
  #jumpThroughMap(pc: Local<'i32'>): void {
    this.exits.push({ from: this.#instruction.pc, pc: -1 });
    this.#stack.spillAll();
    this.#tailCall(this.#links.jump, () => this.fn.get(pc));
  }

  /** Leaves the region for the block at `pc`. */
  #leaveFor(pc: number): void {
    this.exits.push({ from: this.#instruction.pc, pc });
    const block = this.#links.blockAt(pc);
    const target = this.#links.functionAt(pc, this.#node.weight);
    if (target === undefined) this.#stack.spillAside(this.#stack.height);
    else this.#stack.spillAll();
    // A JUMPDEST without a function of its own is counted, so that it is compiled once it is hot.
    const isCounted = block?.isJumpDestination === true && !isCold(block);
    const other = isCounted ? this.#links.jump : this.#links.interpret;
    this.#tailCall(target ?? other, () => this.fn.i32.const(pc));
  }

  #tailCall(target: FunctionRef, pushPc: () => Value<'i32'>): void {
    const { fn } = this;
    fn.returnCall(
      target,
      fn.get(this.fp),
      this.#stack.pushPointer(this.#stack.height),
      fn.get(this.#left),
      pushPc(),
      fn.get(this.mem),
    );
  }

  // ---------------------------------------------------------------- the runtime

  runtime(name: RuntimeCallName): FunctionRef {
    return this.#links.runtime(name);
  }

  callOnWords(name: WordCallName, pops: number): void {
    const stack = this.#stack;
    stack.spillTop(pops);
    const result = stack.height - pops;
    const operands = [stack.pushAddress(result)];
    for (let i = 1; i <= pops; i++) operands.push(stack.pushAddress(stack.height - i));
    this.fn.call(this.runtime(name), ...operands);
    stack.unwind(result);
    stack.pushHome();
  }

  callOperation(name: OperationName, pops: number, pushes: number): void {
    this.#callRuntime(name, pops, pushes, []);
  }

  callLog(topics: number): void {
    this.#callRuntime('opLog', topics + 2, 0, [topics]);
  }

  #callRuntime(name: RuntimeCallName, pops: number, pushes: number, further: number[]): void {
    const { fn } = this;
    const stack = this.#stack;
    stack.spillTop(pops);
    const registers = [fn.get(this.fp), stack.pushPointer(stack.height), fn.get(this.#left)];
    const constants = further.map((argument) => fn.i32.const(argument));
    const value: Value<'i64'> = fn.call(this.runtime(name), ...registers, ...constants);
    const result = this.i64();
    fn.set(result, value);
    this.failIfNegative(result);
    this.setGas(result);
    stack.unwind(stack.height - pops);
    for (let i = 0; i < pushes; i++) stack.pushHome();
  }

  scratch(): { base: Local<'i32'>; offset: number } {
    return { base: this.fp, offset: layout.F_SCRATCH_0 };
  }
}
