/** The EVMs of a process: one a set of rules, kept for all blocks and chains that have them. */

import { createEVM, type EVM } from '../evm/evm.ts';
import type { Rules } from '../evm/forks/rules.ts';
import type { Engine } from '../evm/types.ts';

export interface MachineOptions {
  readonly engine: Engine;
  /** For `auto`: calls or jumps after which code is compiled. */
  readonly hotThreshold?: number;
}

export class Machines {
  readonly #options: MachineOptions;
  readonly #byRules = new Map<string, EVM>();
  /** What `#byRules` is asked for most: the very object of a timeline. */
  readonly #keys = new WeakMap<Rules, string>();

  constructor(options: MachineOptions) {
    this.#options = options;
  }

  /** An EVM for the rules; whoever takes it sets state and block. */
  for(rules: Rules): EVM {
    const key = this.#keyOf(rules);
    let evm = this.#byRules.get(key);
    if (evm === undefined) {
      evm = createEVM({ rules, ...this.#options });
      this.#byRules.set(key, evm);
    }
    return evm;
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
