/** Random statements: code that leaves the stack as high as it was. */

import { newLabel } from '../differential/program.ts';
import { since } from '../differential/since.ts';
import { deployer } from './deployer.ts';
import { address, constant, expression, type Scope, small } from './expressions.ts';

/** Writes `count` statements, as far as the budget goes. */
export function statements(scope: Scope, count: number): void {
  for (let i = 0; i < count && scope.budget > 0; i++) {
    scope.budget -= 1;
    statement(scope);
  }
}

type Writer = (scope: Scope) => void;

const STATEMENTS: readonly (readonly [number, Writer])[] = [
  [6, drop],
  [10, storeInMemory],
  [8, storeInStorage],
  [3, log],
  [5, copy],
  [7, choose],
  [6, loop],
  [3, jumpTable],
  [8, call],
  [3, create],
  [4, juggle],
  [1, deepStack],
  [1, end],
  [1, rawBytes],
];

function statement(scope: Scope): void {
  scope.random.weighted(STATEMENTS)(scope);
}

function drop(scope: Scope): void {
  expression(scope, 3);
  scope.program.op('POP');
  scope.height -= 1;
}

function storeInMemory(scope: Scope): void {
  const { random, program } = scope;
  expression(scope, 3);
  small(scope, 1);
  program.op(random.once(4) ? 'MSTORE8' : 'MSTORE');
  scope.height -= 2;
}

function storeInStorage(scope: Scope): void {
  const { random, program, fork } = scope;
  if (random.once(3)) program.push(random.below(3));
  else {
    expression(scope, 2);
    scope.height -= 1;
  }
  program.push(random.once(20) ? random.word() : random.below(6));
  program.op(since(fork, 'cancun') && random.once(4) ? 'TSTORE' : 'SSTORE');
}

function log(scope: Scope): void {
  const { random, program } = scope;
  const topics = random.below(5);
  const before = scope.height;
  for (let i = 0; i < topics; i++) expression(scope, 1);
  small(scope);
  small(scope);
  program.op(`LOG${topics}`);
  scope.height = before;
}

function copy(scope: Scope): void {
  const { random, program, fork } = scope;
  const before = scope.height;
  const names = ['CALLDATACOPY', 'CODECOPY', 'EXTCODECOPY'];
  if (since(fork, 'byzantium')) names.push('RETURNDATACOPY');
  if (since(fork, 'cancun')) names.push('MCOPY', 'MCOPY');
  const name = random.pick(names);
  small(scope);
  if (name === 'RETURNDATACOPY' && !random.once(20)) {
    // Within what there is: the size is that of the data, the offset zero.
    program.op('POP', 'RETURNDATASIZE').push(0);
    scope.height += 1;
  } else {
    small(scope);
  }
  small(scope);
  if (name === 'EXTCODECOPY') address(scope);
  program.op(name);
  scope.height = before;
}

function choose(scope: Scope): void {
  const { random, program } = scope;
  const [otherwise, after] = [newLabel(), newLabel()];
  if (random.once(2)) expression(scope, 2);
  else fickle(scope);
  program.jumpIf(otherwise);
  scope.height -= 1;
  statements(scope, random.between(0, 3));
  if (random.once(2)) {
    program.place(otherwise);
    return;
  }
  program.jump(after).place(otherwise);
  statements(scope, random.between(0, 3));
  program.place(after);
}

/** A bit that is not the same in every round, every call or every transaction. */
function fickle(scope: Scope): void {
  const { random, program } = scope;
  // Where a loop is around this place, its counter is a good choice: it lies on top.
  if (scope.loops > 0 && random.once(2)) program.op('DUP1');
  else if (random.once(3)) program.op('GAS');
  else if (random.once(2)) program.push(random.below(6)).op('SLOAD');
  else program.push(random.below(33)).op('CALLDATALOAD');
  program.push(random.once(2) ? 1 : 1 << random.below(8)).op('AND');
  scope.height += 1;
}

/** A counter on the stack, down to zero; at times memory or storage in every round. */
function loop(scope: Scope): void {
  const { random, program } = scope;
  if (scope.loops >= 2) {
    drop(scope);
    return;
  }
  const [head, out] = [newLabel(), newLabel()];
  program.push(scope.loops === 0 ? random.between(1, 12) : random.between(1, 5));
  scope.height += 1;
  scope.loops += 1;
  program.place(head);
  if (random.once(2)) program.op('DUP1', 'ISZERO').jumpIf(out);
  statements(scope, random.between(1, 4));
  program.push(1).op('SWAP1', 'SUB');
  if (random.once(3)) program.op('DUP1', 'ISZERO').jumpIf(out).jump(head);
  else program.op('DUP1').jumpIf(head);
  program.place(out).op('POP');
  scope.loops -= 1;
  scope.height -= 1;
}

/** A jump to one of several places, computed: no compiler knows which. */
function jumpTable(scope: Scope): void {
  const { random, program } = scope;
  const [table, after] = [newLabel(), newLabel()];
  const entries = random.pick([2, 4]);
  expression(scope, 1);
  // Every entry is JUMPDEST, PUSH2, JUMP: five bytes.
  program
    .push(entries - 1)
    .op('AND')
    .push(5)
    .op('MUL')
    .pushLabel(table)
    .op('ADD', 'JUMP');
  scope.height -= 1;
  const targets = Array.from({ length: entries }, newLabel);
  for (const [index, target] of targets.entries()) {
    if (index === 0) program.place(table);
    else program.op('JUMPDEST');
    program.jump(target);
  }
  for (const target of targets) {
    program.place(target);
    statements(scope, random.between(0, 2));
    program.jump(after);
  }
  program.place(after);
}

const CALLS = ['CALL', 'CALL', 'CALL', 'CALLCODE', 'DELEGATECALL', 'STATICCALL'];

function call(scope: Scope): void {
  const { random, program, fork } = scope;
  const before = scope.height;
  const name = random.pick(CALLS);
  if (name === 'DELEGATECALL' && !since(fork, 'homestead')) return;
  if (name === 'STATICCALL' && !since(fork, 'byzantium')) return;
  for (let i = 0; i < 4; i++) small(scope);
  if (name === 'CALL' || name === 'CALLCODE') {
    if (random.once(12)) expression(scope, 1);
    else program.push(random.once(2) ? 0 : random.below(3));
  }
  if (random.once(2)) program.push(BigInt(random.pick(scope.contracts)));
  else address(scope);
  program.op(...gasOfCall(scope));
  program.op(name);
  scope.height = before + 1;
  used(scope);
}

/** Before EIP-150 asking for more than there is fails: a part of what is left. */
function gasOfCall({ random, program, fork }: Scope): string[] {
  if (random.once(5)) {
    // A callee that stores may need just about the stipend, and something for its pushes.
    const around = 2_300 + random.between(-3, 20);
    program.push(random.pick([0, 100, 700, 2_300, around, 5_000, 30_000]));
    return [];
  }
  if (since(fork, 'tangerineWhistle') || random.once(10)) return ['GAS'];
  program.push(random.between(2, 4)).op('GAS', 'DIV');
  return [];
}

/** The result of a call decides, is kept, or is forgotten. */
function used(scope: Scope): void {
  const { random, program } = scope;
  scope.height -= 1;
  if (random.once(4)) {
    const skip = newLabel();
    program.jumpIf(skip);
    statements(scope, random.between(0, 2));
    program.place(skip);
  } else if (random.once(3)) {
    program.push(random.below(6)).op('SSTORE');
  } else {
    program.op('POP');
  }
}

/** Init code of random making, put together in memory from pushes. */
function create(scope: Scope): void {
  const { random, program, fork } = scope;
  const before = scope.height;
  const init = deployer(scope);
  for (let at = 0; at < init.length; at += 32) {
    const word = new Uint8Array(32);
    word.set(init.subarray(at, at + 32));
    program
      .push(BigInt(`0x${word.toHex()}`))
      .push(at)
      .op('MSTORE');
  }
  const second = since(fork, 'constantinople') && random.once(2);
  if (second) program.push(random.once(2) ? random.below(2) : random.word());
  program.push(random.once(150) ? random.word() : init.length).push(random.once(30) ? 1 : 0);
  program.push(random.once(3) ? random.below(3) : 0);
  program.op(second ? 'CREATE2' : 'CREATE');
  scope.height = before + 1;
  if (random.once(3)) {
    // Calls what was made.
    const after = newLabel();
    program
      .push(0)
      .push(0)
      .push(0)
      .push(0)
      .push(random.once(3) ? 1 : 0);
    program
      .op('DUP6')
      .push(random.pick([3_000, 20_000]))
      .op('CALL', 'POP')
      .place(after);
  }
  used(scope);
}

/** Words go up and down. */
function juggle(scope: Scope): void {
  const { random, program } = scope;
  const before = scope.height;
  const count = random.between(2, 17);
  for (let i = 0; i < count; i++) constant(scope);
  for (let i = 0; i < count; i++) {
    if (random.once(2)) program.op(`SWAP${random.between(1, Math.min(16, count - 1))}`);
    else {
      program.op(`DUP${random.between(1, Math.min(16, scope.height))}`);
      scope.height += 1;
    }
  }
  while (scope.height > before) {
    if (scope.height - before >= 2 && random.once(2)) program.op('XOR');
    else program.op('POP');
    scope.height -= 1;
  }
}

/** A stack close to 1,024 words, with something going on up there. */
function deepStack(scope: Scope): void {
  const { random, program } = scope;
  if (scope.loops > 0) return;
  const [head, end] = [newLabel(), newLabel()];
  // The loop's head, its limit and the constants of its end stay below the bound.
  const height = random.between(985, 1_024) - scope.height;
  // Sixteen words a round: most instructions of a campaign would be of this loop otherwise.
  const round = Array.from({ length: 15 }, () => 'DUP1');
  program.push(Math.floor(height / 16)).place(head);
  program.op(...round, 'DUP1');
  program.push(1).op('SWAP1', 'SUB', 'DUP1').jumpIf(head).place(end);
  for (let i = 0; i < height % 16; i++) program.op('DUP1');
  const inner = { ...scope, height: scope.height + height, loops: 2, budget: 3, functions: [] };
  statements(inner, 3);
  program.op('RETURNDATASIZE', 'POP', 'STOP');
}

function end(scope: Scope): void {
  const { program } = scope;
  const skip = newLabel();
  expression(scope, 2);
  program.jumpIf(skip);
  scope.height -= 1;
  ending(scope);
  program.place(skip);
}

/** Code that ends the frame. */
export function ending(scope: Scope): void {
  const { random, program, fork } = scope;
  const before = scope.height;
  const name = random.weighted<string>([
    [6, 'RETURN'],
    [4, since(fork, 'byzantium') ? 'REVERT' : 'RETURN'],
    [3, 'STOP'],
    [2, 'SELFDESTRUCT'],
    [1, 'INVALID'],
    [1, 'JUMP'],
  ]);
  if (name === 'RETURN' || name === 'REVERT') {
    small(scope);
    small(scope);
  } else if (name === 'SELFDESTRUCT') {
    address(scope);
  } else if (name === 'JUMP') {
    expression(scope, 1);
  }
  program.op(name);
  scope.height = before;
}

function rawBytes({ random, program }: Scope): void {
  const skip = newLabel();
  if (!random.once(4)) program.jump(skip);
  program.byte(...random.bytes(random.between(1, 12)));
  program.place(skip);
}
