/**
 * Slots that codes name as constants, by code hash: contracts of one code, as pairs of an exchange
 * are, cost one look at it. Codes never change under their hash, so nothing here does.
 */

import { constantSlots } from '../../evm/constant-slots.ts';
import type { Hash } from '../../evm/types.ts';

/** Some 10 MB where all name as many slots as they may. The oldest goes. */
const CODES_MAX = 4_096;

export class NamedSlots {
  readonly #byCode = new Map<Hash, readonly bigint[]>();

  /** PERF: O(code size) the first time. */
  of(codeHash: Hash, code: (codeHash: Hash) => Uint8Array): readonly bigint[] {
    const known = this.#byCode.get(codeHash);
    if (known !== undefined) return known;
    const slots = constantSlots(code(codeHash));
    if (this.#byCode.size >= CODES_MAX) {
      for (const oldest of this.#byCode.keys()) {
        this.#byCode.delete(oldest);
        break;
      }
    }
    this.#byCode.set(codeHash, slots);
    return slots;
  }
}
