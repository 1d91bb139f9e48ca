/**
 * Ways that part and meet: each does something else with memory and leaves another word on the
 * stack. A compiler that takes what it knows of one way for true on the other gives wrong gas, a
 * wrong size of memory or a wrong word. The contract is called often, each time with fresh memory,
 * so that all ways are hot.
 */
import { newLabel, Program } from '../program.ts';
import { contract, type NamedScenario, type Scenario, type Stage } from '../scenario.ts';

type Write = (program: Program) => Program;

/** What a way does: it leaves one word. */
const WAYS: readonly (readonly [string, Write])[] = [
  ['nothing', (program) => program.push(5)],
  [
    'MSTORE',
    (program) =>
      program
        .push(1)
        .push(320)
        .op('MSTORE')
        .push(2n ** 255n),
  ],
  ['MLOAD', (program) => program.push(96).op('MLOAD')],
  ['MSTORE8', (program) => program.push(7).push(1_000).op('MSTORE8').push(0).op('CALLDATALOAD')],
  ['KECCAK256', (program) => program.push(128).push(0).op('KECCAK256')],
  [
    'MSTORE where the data say',
    (program) => program.op('CALLER', 'CALLDATASIZE', 'MSTORE', 'CALLVALUE'),
  ],
  ['CALLDATACOPY', (program) => program.push(200).push(0).push(64).op('CALLDATACOPY', 'MSIZE')],
];

const SHAPES: readonly (readonly [string, (program: Program, one: Write, two: Write) => void])[] = [
  ['either', either],
  ['perhaps', perhaps],
  ['rounds', rounds],
];

export function* branches(): Generator<NamedScenario> {
  for (const [shape, write] of SHAPES) {
    for (const [one, writeOne] of WAYS) {
      for (const [two, writeTwo] of WAYS) {
        yield {
          name: `${shape} ${one} or ${two}`,
          make: (stage) => called(stage, (program) => write(program, writeOne, writeTwo)),
        };
      }
    }
  }
}

/** Pushes bit 0 of the data's first word. */
function choice(program: Program): Program {
  return program.push(0).op('CALLDATALOAD').push(1).op('AND');
}

function either(program: Program, one: Write, two: Write): void {
  const [jumped, after] = [newLabel(), newLabel()];
  choice(program).jumpIf(jumped);
  two(program).jump(after).place(jumped);
  one(program).place(after);
}

/** One is done or not, two always. */
function perhaps(program: Program, one: Write, two: Write): void {
  const after = newLabel();
  program.push(9);
  choice(program).jumpIf(after);
  one(program).op('XOR').place(after);
  two(program).op('ADD');
}

/** In a loop of six rounds, now the one and now the other. */
function rounds(program: Program, one: Write, two: Write): void {
  const [head, jumped, after] = [newLabel(), newLabel(), newLabel()];
  program.push(6).push(0).place(head);
  // Stack: a word, the rounds left.
  program.op('DUP2');
  choice(program).op('ADD').push(1).op('AND').jumpIf(jumped);
  two(program).jump(after).place(jumped);
  one(program).place(after);
  program.op('ADD').push(1).op('SWAP2', 'SUB', 'SWAP1', 'DUP2').jumpIf(head).op('SWAP1', 'POP');
}

/** Data of the calls: only the first bit of the word chooses. */
const DATA = [0n, 1n, 2n, 3n, 2n ** 255n + 1n, 2n ** 255n];

/** Calls the contract for each of the data; gives back what it returned and what it cost. */
function called({ fork, target, other }: Stage, write: (program: Program) => void): Scenario {
  const inner = new Program(fork);
  write(inner);
  // The word, memory that one way may have written, and memory's size.
  inner.op('MSIZE').push(320).op('MLOAD').push(0).op('MSTORE').push(32).op('MSTORE');
  inner.push(64).op('MSTORE').push(96).push(0).op('RETURN');
  const outer = new Program(fork);
  for (const [index, word] of DATA.entries()) {
    const at = 32 + index * 128;
    outer.push(word).push(0).op('MSTORE', 'GAS');
    outer.push(96).push(at).push(32).push(0).push(0);
    outer
      .push(BigInt(other(1)))
      .push(50_000)
      .op('CALL', 'POP');
    outer
      .op('GAS', 'SWAP1', 'SUB')
      .push(at + 96)
      .op('MSTORE');
  }
  outer
    .push(DATA.length * 128)
    .push(32)
    .op('RETURN');
  return {
    accounts: [contract(target, outer.assemble()), contract(other(1), inner.assemble())],
    transaction: {},
  };
}
