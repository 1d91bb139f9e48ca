/** The EVMs of a process: one a set of rules, kept for all blocks and chains that have them. */

import { createEVM, type EVM } from '../evm/evm.ts';
import type { Rules } from '../evm/forks/rules.ts';
import { InputError } from '../evm/input.ts';
import { Crew } from '../evm/parallel/crew.ts';
import type { Engine, Hash } from '../evm/types.ts';
import type { Spreading } from './executor/parallel.ts';
import { WORKERS_DEFAULT, WORKERS_MAX } from './workers.ts';

export interface MachineOptions {
  readonly engine: Engine;
  /** For `auto`: calls or jumps after which code is compiled. */
  readonly hotThreshold?: number;
  /** Threads that execute a block; as many as there are cores when left out. */
  readonly workers?: number | undefined;
  /** Blocks of fewer transactions are executed by one. */
  readonly spreadFrom?: number | undefined;
  /** For tests: workers dawdle by chance, which begins with this number. */
  readonly seed?: number | undefined;
}

/** Crews of this process, by their number of workers. */
const CREWS = new Map<number, Crew>();

/** One that has all of its threads. */
function crewOf(workers: number): Crew {
  const known = CREWS.get(workers);
  if (known?.hasLost === false) return known;
  const crew = new Crew(workers);
  CREWS.set(workers, crew);
  return crew;
}

export class Machines {
  readonly #options: Pick<MachineOptions, 'engine' | 'hotThreshold'>;
  readonly #workers: number;
  readonly #spreading: Pick<Spreading, 'transactionsMin' | 'seed'>;
  readonly #byRules = new Map<string, EVM>();
  /** Whose seats the EVMs' machines have. */
  #crew: Crew | undefined;
  /** The block whose state an EVM has. */
  readonly #standing = new WeakMap<EVM, Hash>();
  /** What `#byRules` is asked for most: the very object of a timeline. */
  readonly #keys = new WeakMap<Rules, string>();

  /** @throws InputError for a number of workers that there cannot be */
  constructor({ workers = WORKERS_DEFAULT, spreadFrom, seed, ...options }: MachineOptions) {
    if (!(Number.isInteger(workers) && workers >= 1 && workers <= WORKERS_MAX)) {
      throw new InputError('workers', workers, `an integer from 1 to ${WORKERS_MAX}`);
    }
    this.#options = options;
    this.#workers = workers;
    this.#spreading = { transactionsMin: spreadFrom, seed };
  }

  /** The threads that a block may be spread over; undefined for none. */
  get spreading(): Spreading | undefined {
    if (this.#workers === 1) return undefined;
    const crew = crewOf(this.#workers);
    // A thread has ended, here or where another chain's blocks were executed: machines at which
    // the crew had seats take no other.
    if (crew !== this.#crew) this.#byRules.clear();
    this.#crew = crew;
    return { crew, ...this.#spreading };
  }

  /** A thread of the crew has died: the next block gets another one. */
  async loseCrew(): Promise<void> {
    await this.#crew?.close();
  }

  /** An EVM for the rules; whoever takes it sets state and block. */
  for(rules: Rules): EVM {
    const evm = this.#evmOf(rules);
    this.#standing.delete(evm);
    return evm;
  }

  #evmOf(rules: Rules): EVM {
    const key = this.#keyOf(rules);
    let evm = this.#byRules.get(key);
    if (evm === undefined) {
      evm = createEVM({ rules, ...this.#options });
      this.#byRules.set(key, evm);
    }
    return evm;
  }

  /**
   * An EVM for a block upon `parent`, which `reached` says the end of; whether it has that state
   * already, from the block before.
   */
  upon(parent: Hash, rules: Rules): { readonly evm: EVM; readonly isAtParent: boolean } {
    const evm = this.#evmOf(rules);
    const isAtParent = this.#standing.get(evm) === parent;
    this.#standing.delete(evm);
    return { evm, isAtParent };
  }

  /** The EVM has executed this block to its end, and the block is valid. */
  reached(block: Hash, evm: EVM): void {
    this.#standing.set(evm, block);
  }

  /** After a failure inside of it a machine is not used again. */
  discard(rules: Rules): void {
    this.#byRules.delete(this.#keyOf(rules));
  }

  #keyOf(rules: Rules): string {
    let key = this.#keys.get(rules);
    if (key === undefined) {
      const plain = (_: string, value: unknown) =>
        typeof value === 'bigint' ? `${value}n` : value;
      key = JSON.stringify(rules, plain);
      this.#keys.set(rules, key);
    }
    return key;
  }
}
