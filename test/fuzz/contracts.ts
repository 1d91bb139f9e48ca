/** Random contracts: functions of random statements, and mutations of their bytes. */

import { newLabel, Program } from '../differential/program.ts';
import { expression, type Scope, type Setting } from './expressions.ts';
import { ending, statements } from './statements.ts';

/** The code of one contract, up to a few thousand bytes. */
export function randomCode(setting: Setting): Uint8Array {
  const { random, fork } = setting;
  if (random.once(60)) return random.bytes(random.between(0, 80));
  const program = new Program(fork);
  const functions = Array.from({ length: random.below(4) }, newLabel);
  const scope: Scope = {
    ...setting,
    program,
    height: 0,
    budget: random.pick([3, 8, 20, 40]),
    functions,
    loops: 0,
  };
  if (random.once(3)) words(scope);
  statements(scope, scope.budget);
  ending(scope);
  for (const [index, label] of functions.entries()) {
    program.place(label);
    // The caller's stack is below the return address and the argument; nothing of it is known.
    writeFunction({ ...scope, height: 2, budget: 4, functions: functions.slice(index + 1) });
  }
  const code = program.assemble();
  // Cut off anywhere, in the data of a push as well.
  if (random.once(24)) return code.subarray(0, random.below(code.length + 1));
  return random.once(8) ? mutated(setting, code) : code;
}

/** Words that stay below everything else. */
function words(scope: Scope): void {
  const count = scope.random.between(1, 12);
  for (let i = 0; i < count; i++) expression(scope, 1);
}

/** Stack: return address, argument. Leaves one word in their place. */
function writeFunction(scope: Scope): void {
  const { random, program } = scope;
  statements(scope, random.between(0, 3));
  expression(scope, 2);
  program.op('ADD', 'SWAP1', 'JUMP');
}

/** Some bytes changed, left out or put in. */
export function mutated({ random }: Setting, code: Uint8Array): Uint8Array {
  const bytes = [...code];
  const count = random.between(1, 3);
  for (let i = 0; i < count && bytes.length > 0; i++) {
    const at = random.below(bytes.length);
    switch (random.below(4)) {
      case 0:
        bytes[at] = random.below(256);
        break;
      case 1:
        bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
        break;
      case 2:
        bytes.splice(at, 1);
        break;
      default:
        bytes.splice(at, 0, random.below(256));
    }
  }
  return Uint8Array.from(bytes);
}
