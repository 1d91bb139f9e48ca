/** What changes the state, beneath a static call: at once, or through any other kind of call. */
import type { ForkName } from '../../../src/evm/forks/names.ts';
import { opcodeAt, opcodeByte } from '../../../src/evm/opcodes/table.ts';
import { Program } from '../program.ts';
import { contract, type NamedScenario, type Scenario, type Stage } from '../scenario.ts';

type Write = (program: Program, stage: Stage) => Program;

/** Whether it is allowed in a static call the machines must say; what follows it always is. */
const CHANGES: readonly (readonly [opcode: string, what: string, write: Write])[] = [
  ['SLOAD', 'nothing', (program) => program.push(1).op('SLOAD', 'POP')],
  ['SSTORE', 'SSTORE', (program) => program.push(1).push(1).op('SSTORE')],
  ['SSTORE', 'SSTORE of what is there', (program) => program.push(0).push(1).op('SSTORE')],
  ['TSTORE', 'TSTORE', (program) => program.push(1).push(1).op('TSTORE')],
  ...[0, 1, 2, 3, 4].map(
    (topics) =>
      [`LOG${topics}`, `LOG${topics}`, (program: Program) => log(program, topics)] as const,
  ),
  ['CREATE', 'CREATE', (program) => program.push(0).push(0).push(0).op('CREATE', 'POP')],
  ['CREATE2', 'CREATE2', (program) => zeros(program, 4).op('CREATE2', 'POP')],
  ['CALL', 'CALL with a value', (program, stage) => pay(program, stage, 'CALL', 1)],
  ['CALL', 'CALL without a value', (program, stage) => pay(program, stage, 'CALL', 0)],
  ['CALLCODE', 'CALLCODE with a value', (program, stage) => pay(program, stage, 'CALLCODE', 1)],
  [
    'SELFDESTRUCT',
    'SELFDESTRUCT',
    (program, { other }) => program.push(BigInt(other(3))).op('SELFDESTRUCT'),
  ],
];

/** Kinds of call between the static one and the change. */
const BETWEEN = [undefined, 'CALL', 'CALLCODE', 'DELEGATECALL', 'STATICCALL'];

export function* statics(fork: ForkName): Generator<NamedScenario> {
  const knows = (name: string) => opcodeAt(opcodeByte(name), fork) !== undefined;
  if (!knows('STATICCALL')) return;
  for (const [opcode, what, write] of CHANGES) {
    if (!knows(opcode)) continue;
    for (const between of BETWEEN) {
      const through = between === undefined ? '' : ` through ${between}`;
      yield {
        name: `STATICCALL of ${what}${through}`,
        make: (stage) => beneath(stage, write, between),
      };
    }
  }
}

function beneath(stage: Stage, write: Write, between: string | undefined): Scenario {
  const { fork, target, other } = stage;
  const change = write(new Program(fork), stage);
  change.push(7).push(0).op('MSTORE').push(32).push(0).op('RETURN');
  const accounts = [{ ...contract(other(1), change.assemble()), balance: 9n }];
  if (between !== undefined) {
    const middle = call(new Program(fork), between, other(1), 200_000);
    // What the call gave, and what was returned.
    middle.push(32).op('MSTORE').push(64).push(0).op('RETURN');
    accounts.push({ ...contract(other(2), middle.assemble()), balance: 9n });
  }
  const outer = new Program(fork);
  const first = other(between === undefined ? 1 : 2);
  // Static, and in the usual way: the one must leave nothing of it to the other.
  for (const [index, kind] of ['STATICCALL', 'CALL', 'STATICCALL'].entries()) {
    call(outer, kind, first, 400_000);
    outer.push(index * 3).op('SSTORE');
    for (const word of [0, 1]) {
      outer
        .push(word * 32)
        .op('MLOAD')
        .push(index * 3 + word + 1)
        .op('SSTORE');
    }
  }
  return {
    accounts: [{ ...contract(target, outer.assemble()), balance: 9n }, ...accounts],
    transaction: { gasLimit: 2_000_000n },
  };
}

/** A call that has 64 bytes of memory for what is returned. */
function call(program: Program, kind: string, to: string, gas: number): Program {
  program.push(64).push(0).push(0).push(0);
  if (kind === 'CALL' || kind === 'CALLCODE') program.push(0);
  return program.push(BigInt(to)).push(gas).op(kind);
}

function log(program: Program, topics: number): Program {
  return zeros(program, topics + 2).op(`LOG${topics}`);
}

function pay(program: Program, { other }: Stage, kind: string, value: number): Program {
  zeros(program, 4)
    .push(value)
    .push(BigInt(other(3)));
  return program.push(1_000).op(kind, 'POP');
}

function zeros(program: Program, count: number): Program {
  for (let i = 0; i < count; i++) program.push(0);
  return program;
}
