/** Calls to the depth of 1,024, and what fails down there. */
import type { ForkName } from '../../../src/evm/forks/names.ts';
import { opcodeAt, opcodeByte } from '../../../src/evm/opcodes/table.ts';
import { newLabel, Program } from '../program.ts';
import { contract, type NamedScenario, type Scenario, type Stage } from '../scenario.ts';
import { since } from '../since.ts';

const KINDS = ['CALL', 'CALLCODE', 'DELEGATECALL', 'STATICCALL'];
/** What the deepest frame tries. */
const LAST = ['nothing', 'precompile', 'CREATE', 'CREATE2', 'CALL'];

/** Each call leaves a 64th part behind (EIP-150): something of this is left 1,024 calls below. */
const GAS = 2n ** 42n;
/** The most that a transaction may have in Osaka (EIP-7825): it ends before the depth does. */
const GAS_IN_OSAKA = 16_000_000n;

export function* depth(fork: ForkName): Generator<NamedScenario> {
  const knows = (name: string) => opcodeAt(opcodeByte(name), fork) !== undefined;
  for (const kind of KINDS.filter(knows)) {
    for (const last of LAST) {
      if (last.startsWith('CREATE') && !knows(last)) continue;
      yield {
        name: `${kind} to depth 1024, then ${last}`,
        make: (stage) => deep(stage, kind, last),
      };
    }
  }
}

/** Calls itself until that fails; gives back how deep that was, and what was found there. */
function deep({ fork, target }: Stage, kind: string, last: string): Scenario {
  const end = newLabel();
  const program = new Program(fork).push(64).push(0).push(0).push(0);
  if (kind === 'CALL' || kind === 'CALLCODE') program.push(0);
  program.op('ADDRESS');
  // Before EIP-150 a call must not ask for more than there is.
  if (since(fork, 'tangerineWhistle')) program.op('GAS');
  else program.push(1_000).op('GAS', 'SUB');
  program.op(kind).jumpIf(end);
  if (last.startsWith('CREATE')) {
    for (let i = 0; i < (last === 'CREATE2' ? 4 : 3); i++) program.push(0);
    program.op(last).push(32).op('MSTORE');
  } else if (last !== 'nothing') {
    for (let i = 0; i < 5; i++) program.push(0);
    program
      .push(last === 'precompile' ? 4 : 0xeeee)
      .push(1_000)
      .op('CALL')
      .push(1)
      .op('ADD')
      .push(32)
      .op('MSTORE');
  }
  program.place(end).push(0).op('MLOAD').push(1).op('ADD').push(0).op('MSTORE');
  const code = program.push(64).push(0).op('RETURN').assemble();
  return {
    accounts: [contract(target, code)],
    transaction: { gasLimit: since(fork, 'osaka') ? GAS_IN_OSAKA : GAS },
  };
}
