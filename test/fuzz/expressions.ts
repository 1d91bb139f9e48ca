/** Random expressions: code that leaves one more word on the stack, whatever it computes. */
import type { ForkName } from '../../src/evm/forks/names.ts';
import { OPCODES, opcodeAt } from '../../src/evm/opcodes/table.ts';
import type { Address } from '../../src/evm/types.ts';
import type { Label, Program } from '../differential/program.ts';
import type { Random } from './random.ts';

/** What code is written for. */
export interface Setting {
  readonly random: Random;
  readonly fork: ForkName;
  /** Addresses worth naming: contracts, accounts, precompiles, nobody. */
  readonly addresses: readonly Address[];
  /** Contracts, to be called. */
  readonly contracts: readonly Address[];
}

/** What is known while a function body is written. */
export interface Scope extends Setting {
  readonly program: Program;
  /** Words on the stack that may be read: never less than there are. */
  height: number;
  /** Statements that may still be written. */
  budget: number;
  /** Internal functions: each takes one word and gives one back. */
  readonly functions: Label[];
  /** Depth of loops around this place. */
  loops: number;
}

const BINARY = [
  ...['ADD', 'MUL', 'SUB', 'DIV', 'SDIV', 'MOD', 'SMOD', 'SIGNEXTEND', 'LT', 'GT', 'SLT', 'SGT'],
  ...['EQ', 'AND', 'OR', 'XOR', 'BYTE', 'SHL', 'SHR', 'SAR'],
];
const UNARY = ['ISZERO', 'NOT', 'CLZ', 'CALLDATALOAD', 'BLOCKHASH', 'BLOBHASH'];
const ACCOUNT = ['BALANCE', 'EXTCODESIZE', 'EXTCODEHASH'];
const NULLARY = [
  ...['ADDRESS', 'ORIGIN', 'CALLER', 'CALLVALUE', 'CALLDATASIZE', 'CODESIZE', 'GASPRICE'],
  ...['RETURNDATASIZE', 'COINBASE', 'TIMESTAMP', 'NUMBER', 'PREVRANDAO', 'GASLIMIT', 'CHAINID'],
  ...['SELFBALANCE', 'BASEFEE', 'BLOBBASEFEE', 'PC', 'MSIZE', 'GAS'],
];

/** The names that a fork knows; now and then one that it does not. */
function known({ random, fork }: Setting, names: readonly string[]): string {
  for (;;) {
    const name = random.pick(names);
    const row = OPCODES.find((candidate) => candidate.name === name);
    if (row === undefined) throw new RangeError(`no opcode is called ${name}`);
    if (opcodeAt(row.byte, fork) !== undefined || random.once(300)) return name;
  }
}

/** Writes code that pushes one word. `depth` bounds its size. */
export function expression(scope: Scope, depth: number): void {
  const { random } = scope;
  const kind = depth <= 0 ? random.below(4) : random.below(12);
  switch (kind) {
    case 0:
    case 1:
      constant(scope);
      break;
    case 2:
      if (scope.height > 0) duplicate(scope);
      else constant(scope);
      break;
    case 3:
      scope.program.op(known(scope, NULLARY));
      scope.height += 1;
      break;
    case 4:
      small(scope, depth);
      break;
    default:
      operation(scope, depth);
  }
}

export function constant(scope: Scope): void {
  const { random, program } = scope;
  const value = random.once(8) ? BigInt(random.pick(scope.addresses)) : random.word();
  program.push(value, random.once(6) ? random.between(1, 32) : 0);
  scope.height += 1;
}

/** A word below a few hundred: an offset, a size or a slot. */
export function small(scope: Scope, depth = 0): void {
  const { random, program } = scope;
  if (depth > 0 && random.once(4)) {
    expression(scope, depth - 1);
    program.push(random.pick([31, 63, 255])).op('AND');
    return;
  }
  const value = random.once(300) ? random.word() : BigInt(random.below(random.pick([4, 64, 320])));
  program.push(value);
  scope.height += 1;
}

function duplicate(scope: Scope): void {
  const index = scope.random.between(1, Math.min(16, scope.height));
  scope.program.op(`DUP${index}`);
  scope.height += 1;
}

/** Takes the operands' words off and puts the result's on. */
function take(scope: Scope, operands: number): void {
  scope.height += 1 - operands;
}

function operation(scope: Scope, depth: number): void {
  const { random, program } = scope;
  switch (random.below(12)) {
    case 0:
      expression(scope, depth - 1);
      program.op(known(scope, UNARY));
      break;
    case 1:
      address(scope);
      program.op(known(scope, ACCOUNT));
      break;
    case 2:
      for (let i = 0; i < 3; i++) expression(scope, depth - 1);
      program.op(random.pick(['ADDMOD', 'MULMOD']));
      take(scope, 3);
      break;
    case 3:
      small(scope, depth - 1);
      program.op('MLOAD');
      break;
    case 4:
      small(scope, depth - 1);
      program.op(random.once(3) ? known(scope, ['TLOAD', 'SLOAD']) : 'SLOAD');
      break;
    case 5:
      small(scope);
      small(scope);
      program.op('KECCAK256');
      take(scope, 2);
      break;
    case 6:
      // A narrow exponent, so that its price does not eat all gas.
      if (random.once(3)) expression(scope, depth - 1);
      else small(scope);
      expression(scope, depth - 1);
      program.op('EXP');
      take(scope, 2);
      break;
    case 7:
      if (scope.functions.length > 0 && scope.loops <= 1) callFunction(scope, depth);
      else constant(scope);
      break;
    default:
      expression(scope, depth - 1);
      expression(scope, depth - 1);
      program.op(known(scope, BINARY));
      take(scope, 2);
  }
}

/** An internal call as Solidity makes it: return address, argument, jump. */
function callFunction(scope: Scope, depth: number): void {
  const { random, program } = scope;
  const back: Label = { pc: undefined };
  program.pushLabel(back);
  scope.height += 1;
  expression(scope, depth - 1);
  program.jump(random.pick(scope.functions)).place(back);
  scope.height -= 1;
}

/** An address: known ones above all, with dirty upper bytes at times. */
export function address(scope: Scope): void {
  const { random, program } = scope;
  if (random.once(12)) {
    expression(scope, 1);
    return;
  }
  const dirt = random.once(10) ? random.bits(96) << 160n : 0n;
  program.push(BigInt(random.pick(scope.addresses)) | dirt);
  scope.height += 1;
}
