/** Random init code: short, and with all the ends that a creation can come to. */

import { Program } from '../differential/program.ts';
import { since } from '../differential/since.ts';
import type { Setting } from './expressions.ts';

/** At most 96 bytes. */
export function deployer({ random, fork, addresses }: Setting): Uint8Array {
  const program = new Program(fork);
  const store = (): void => {
    program.push(random.below(4)).push(random.below(3)).op('SSTORE');
  };
  if (random.once(2)) store();
  switch (random.below(10)) {
    case 0:
      // Code that starts with 0xEF, or another byte (EIP-3541).
      program
        .push(random.pick([0xef, 0xfe, 0x00]))
        .push(0)
        .op('MSTORE8')
        .push(1)
        .push(0);
      return program.op('RETURN').assemble();
    case 1:
      // Around the largest size (EIP-170), with gas for it or not.
      program.push(random.pick([24_576, 24_577, 100, 32, 5_000])).push(0);
      return program.op('RETURN').assemble();
    case 2:
      program.push(BigInt(random.pick(addresses))).op('SELFDESTRUCT');
      return program.assemble();
    case 3:
      if (since(fork, 'byzantium')) program.push(random.below(40)).push(0).op('REVERT');
      else program.op('INVALID');
      return program.assemble();
    case 4:
      return random.bytes(random.below(40));
    case 5:
      return program.assemble();
    default: {
      // A contract of a few instructions.
      const code = runtimeCode({ random, fork, addresses, contracts: [] });
      const word = new Uint8Array(32);
      word.set(code.subarray(0, 32));
      program
        .push(BigInt(`0x${word.toHex()}`))
        .push(0)
        .op('MSTORE');
      return program.push(code.length).push(0).op('RETURN').assemble();
    }
  }
}

/** At most 32 bytes. */
function runtimeCode({ random, fork, addresses }: Setting): Uint8Array {
  const program = new Program(fork);
  switch (random.below(4)) {
    case 0:
      program.push(BigInt(random.pick(addresses))).op('SELFDESTRUCT');
      break;
    case 1:
      program.op('CALLER').push(random.below(3)).op('SSTORE');
      break;
    case 2:
      program.push(random.below(3)).op('SLOAD').push(0).op('MSTORE').push(32).push(0).op('RETURN');
      break;
    default:
      program.op('ADDRESS', 'BALANCE').push(1).op('SSTORE', 'ADDRESS', 'SELFDESTRUCT');
  }
  return program.assemble().subarray(0, 32);
}
