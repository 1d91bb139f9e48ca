/**
 * The rules of one call where they differ from the fork's: limits, and which addresses are
 * precompiles. They are written beside the fork's rules, and the context points at them.
 */
import type { CustomPrecompile, CustomPrecompiles, Limits } from '../execution-options.ts';
import { encodeRules } from '../forks/encode.ts';
import type { Rules } from '../forks/rules.ts';
import { checkAddress, checkGas, checkObject, InputError } from '../input.ts';
import * as layout from '../layout.ts';
import { type PrecompileHost, read } from '../precompiles/precompile.ts';
import type { Address } from '../types.ts';
import type { Machine } from './instance.ts';
import { writeWord } from './words.ts';

/** Precompiles of a host's own beside the fork's, moved ones included. */
export const CUSTOM_PRECOMPILES_MAX = 64;
const CUSTOM_WORDS = CUSTOM_PRECOMPILES_MAX + 32;
export const CALL_RULES_BYTES: number = layout.RULES_BYTES + 32 * CUSTOM_WORDS;

/** Precompiles by address as a number; the fork's own by the number they have there. */
export type ActivePrecompiles = ReadonlyMap<bigint, bigint | CustomPrecompile>;

/** A fork's own that stands elsewhere: it costs what any address costs (EIP-2929). */
function isMoved([address, own]: readonly [bigint, bigint | CustomPrecompile]): boolean {
  return typeof own === 'bigint' && own !== address;
}

export interface CallRules {
  readonly rules: Rules;
  /** undefined where they are the fork's. */
  readonly precompiles: ActivePrecompiles | undefined;
}

/** Rules with other limits. @throws InputError */
export function limitRules(rules: Rules, limits: Limits): Rules {
  checkObject('limits', limits);
  const size = (name: 'codeSize' | 'initCodeSize', own: number): number => {
    const value = limits[name];
    if (value === undefined) return own;
    if (Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value;
    throw new InputError(`limits.${name}`, value, 'an integer from 0 (no limit) below 2 ** 32');
  };
  const initCode = size('initCodeSize', rules.maxInitCodeSize);
  const { transactionGas } = limits;
  return {
    ...rules,
    maxCodeSize: size('codeSize', rules.maxCodeSize),
    maxInitCodeSize: initCode === 0 && rules.limitsInitCode ? 2 ** 32 - 1 : initCode,
    txGasLimit:
      transactionGas === undefined
        ? rules.txGasLimit
        : checkGas('limits.transactionGas', transactionGas),
  };
}

/** The fork's precompiles, after moves, with a host's own put in. @throws InputError */
export function activePrecompiles(
  rules: Rules,
  moves: readonly (readonly [Address, Address | undefined])[],
  custom: CustomPrecompiles,
): ActivePrecompiles {
  const active = new Map<bigint, bigint | CustomPrecompile>();
  for (let number = 1n; number <= BigInt(rules.precompiles); number++) active.set(number, number);
  if (rules.precompileP256) active.set(0x100n, 0x100n);
  checkObject('customPrecompiles', custom);
  for (const [address, run] of Object.entries(custom)) {
    const at = BigInt(checkAddress('an address of customPrecompiles', address));
    if (typeof run !== 'function') {
      throw new InputError(`customPrecompiles[${address}]`, run, 'a function of input and gas');
    }
    active.set(at, run);
  }
  movePrecompiles(active, moves);
  if (active.size > CUSTOM_WORDS) {
    throw new InputError('customPrecompiles', active.size, `at most ${CUSTOM_PRECOMPILES_MAX}`);
  }
  return active;
}

/** An overridden address is a precompile no more; its precompile may stand elsewhere. */
function movePrecompiles(
  active: Map<bigint, bigint | CustomPrecompile>,
  moves: readonly (readonly [Address, Address | undefined])[],
): void {
  const overridden = new Set(moves.map(([address]) => address));
  const taken = new Set<Address>();
  for (const [address, target] of moves) {
    const own = active.get(BigInt(address));
    if (target !== undefined) {
      if (own === undefined) {
        throw new InputError('movePrecompileToAddress', address, 'the address of a precompile');
      }
      if (overridden.has(target) || taken.has(target)) {
        throw new InputError('movePrecompileToAddress', target, 'an address not overridden');
      }
      taken.add(target);
      active.set(BigInt(target), own);
    }
    active.delete(BigInt(address));
  }
}

/** Writes the rules at `address` (CALL_RULES_BYTES), with a list of all precompiles. */
export function encodeCallRules(machine: Machine, address: number, call: CallRules): void {
  const view = machine.memory.view();
  const { rules, precompiles } = call;
  if (precompiles === undefined) {
    encodeRules(view, address, rules);
    return;
  }
  encodeRules(view, address, rules);
  view.setUint32(address + layout.R_PRECOMPILES, 0, true);
  view.setUint32(address + layout.R_PRECOMPILE_P256, 0, true);
  const list = address + layout.RULES_BYTES;
  const moved = [...precompiles].filter(isMoved).map(([at]) => at);
  const others = [...precompiles].filter((each) => !isMoved(each)).map(([at]) => at);
  view.setUint32(address + layout.R_CUSTOM_COLD, moved.length, true);
  view.setUint32(address + layout.R_CUSTOM, list, true);
  view.setUint32(address + layout.R_CUSTOM_COUNT, precompiles.size, true);
  [...moved, ...others].forEach((at, i) => writeWord(view, list + 32 * i, at));
}

/** Runs a precompile of a call: a host's own is held to its gas. @throws InputError */
export function runActive(active: ActivePrecompiles, fork: PrecompileHost): PrecompileHost {
  return (address, input, gas, rules, pause) => {
    const own = active.get(address);
    if (own === undefined) return undefined;
    if (typeof own === 'bigint') return fork(own, input, gas, rules, pause);
    const answer = own(read(input, 0, input.length), gas);
    if (answer === undefined) return undefined;
    const gasUsed = checkGas('gasUsed of a custom precompile', answer.gasUsed);
    if (!(answer.output instanceof Uint8Array)) {
      throw new InputError('output of a custom precompile', answer.output, 'a Uint8Array');
    }
    return gasUsed > gas ? undefined : { gasUsed, output: answer.output };
  };
}
