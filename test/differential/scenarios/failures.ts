/** How every opcode fails: out of gas by one, stack too low or too high, static, not known. */
import type { ForkName } from '../../../src/evm/forks/names.ts';
import { OPCODES, type OpcodeRow, opcodeAt } from '../../../src/evm/opcodes/table.ts';
import { newLabel, Program } from '../program.ts';
import { contract, type NamedScenario, running, type Scenario, type Stage } from '../scenario.ts';
import { since } from '../since.ts';

const STACK_MAX = 1_024;

export function* failures(fork: ForkName): Generator<NamedScenario> {
  for (let byte = 0; byte < 256; byte++) {
    if (opcodeAt(byte, fork) !== undefined) continue;
    const code = new Program(fork).push(1).push(1).push(1).byte(byte).assemble();
    yield { name: `byte 0x${byte.toString(16)}`, make: running(code) };
  }
  for (const row of OPCODES.filter(({ byte }) => opcodeAt(byte, fork) !== undefined)) {
    yield* ofOpcode(fork, row);
  }
}

function* ofOpcode(fork: ForkName, row: OpcodeRow): Generator<NamedScenario> {
  const { name, pops, pushes } = row;
  const code = (write: (program: Program) => void): Uint8Array => {
    const program = new Program(fork);
    write(program);
    return program.assemble();
  };
  const good = code((program) => tail(instruction(program, row)));
  // Nothing follows that would fail for want of gas, or in a static call, in any case.
  const alone = code((program) => instruction(program, row));
  yield { name: `${name} in order`, make: running(good) };
  for (const beyondNeeded of [0n, -1n, -2n, -3n, -50n]) {
    yield {
      name: `${name} with ${beyondNeeded} gas`,
      make: running(alone, { gas: { beyondNeeded } }),
    };
  }
  for (let height = 0; height < pops; height++) {
    const low = code((program) => {
      for (let i = 0; i < height; i++) program.push(1);
      tail(program.byte(row.byte));
    });
    yield { name: `${name} on ${height} words`, make: running(low) };
  }
  if (pushes > 0) {
    for (const height of [STACK_MAX - 1, STACK_MAX]) {
      const high = code((program) => {
        fill(program, height - pops);
        for (let i = 0; i < pops; i++) program.push(0);
        tail(program.byte(row.byte));
      });
      yield { name: `${name} on ${height} words`, make: running(high) };
    }
  }
  if (since(fork, 'byzantium')) {
    yield { name: `${name} in a static call`, make: (stage) => inStatic(stage, alone) };
  }
}

/** The opcode with operands that it can do something with. */
function instruction(program: Program, { name, pops, byte, immediate }: OpcodeRow): Program {
  if (name === 'JUMP' || name === 'JUMPI') {
    const target = newLabel();
    if (name === 'JUMPI') program.push(1);
    program.pushLabel(target).op(name, 'INVALID').place(target);
    return program;
  }
  for (let i = 0; i < pops; i++) program.push(i + 1);
  program.byte(byte);
  for (let i = 0; i < immediate; i++) program.byte(i + 1);
  return program;
}

/** What shows whether it is run. */
function tail(program: Program): void {
  program.push(1).push(5).op('SSTORE');
}

function fill(program: Program, height: number): void {
  for (let i = 0; i < height; i++) program.op('ADDRESS');
}

/** Calls the code statically, then in the usual way; keeps both results. */
function inStatic({ fork, target, other }: Stage, code: Uint8Array): Scenario {
  const program = new Program(fork);
  for (const [slot, name] of ['STATICCALL', 'CALL'].entries()) {
    for (let i = 0; i < 4; i++) program.push(0);
    if (name === 'CALL') program.push(0);
    program
      .push(BigInt(other(1)))
      .push(100_000)
      .op(name)
      .push(slot)
      .op('SSTORE');
  }
  return {
    accounts: [
      { ...contract(target, program.assemble()), balance: 9n },
      { ...contract(other(1), code), balance: 9n },
    ],
    transaction: {},
  };
}

const BAD_TARGETS = [
  ...[0n, 1n, 5n, 100n, 2n ** 16n, 2n ** 32n, 2n ** 32n + 9n, 2n ** 64n, 2n ** 64n + 9n],
  ...[2n ** 255n, 2n ** 256n - 1n],
];

/** Jumps to where no JUMPDEST is, or to one that is data. */
export function* jumps(fork: ForkName): Generator<NamedScenario> {
  for (const target of BAD_TARGETS) {
    for (const known of [true, false]) {
      for (const condition of [undefined, 0n, 1n, 2n ** 64n, 2n ** 255n]) {
        const program = new Program(fork);
        if (condition !== undefined) program.push(condition);
        if (known) program.push(target, 32);
        else program.push(0).op('CALLDATALOAD');
        program.op(condition === undefined ? 'JUMP' : 'JUMPI');
        program.op('JUMPDEST').push(1).push(1).op('SSTORE');
        const data = Uint8Array.fromHex(target.toString(16).padStart(64, '0'));
        const jump = condition === undefined ? 'JUMP' : `JUMPI if ${condition}`;
        yield {
          name: `${jump} to ${target} ${known}`,
          make: running(program.assemble(), { transaction: { data } }),
        };
      }
    }
  }
  // JUMPDESTs that are data of a push, one behind each, and one behind a push that is cut off.
  for (let size = 1; size <= 32; size++) {
    // The second time around, which must not be, it ends well: another failure would say nothing.
    const [behind, end] = [newLabel(), newLabel()];
    const data = new Program(fork)
      .push(0)
      .jump(behind)
      .byte(0x5f + size);
    const last = data.size + size - 1;
    for (let i = 0; i < size; i++) data.op('JUMPDEST');
    data.place(behind).op('DUP1').jumpIf(end).push(1).push(last).op('JUMP').place(end);
    yield { name: `JUMP into data of ${size} bytes`, make: running(data.assemble()) };
  }
  const after = new Program(fork).push(4).op('JUMP').byte(0x00, 0x5b, 0x7f, 0x5b);
  yield { name: 'JUMP before a push that is cut off', make: running(after.assemble()) };
  const cut = new Program(fork).push(1).push(1).op('SSTORE').byte(0x7f, 0xff, 0xff);
  yield { name: 'a push that is cut off', make: running(cut.assemble()) };
}
