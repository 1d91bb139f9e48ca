/**
 * Code that only undone frames had is forgotten with them. An account that found such code by its
 * hash keeps its pointer (A_CODE) when the frame is undone; here it goes, so that whoever looks at
 * the code afterwards asks the state for it. No result depends on that, but what the state is
 * asked for does: the codes of a witness (EIP-8025).
 */
import * as layout from '../layout.ts';
import type { Machine } from './instance.ts';
import { haltReason } from './statuses.ts';

/** Follows the frames of one run. */
export class UndoneCodes {
  readonly #machine: Machine;
  readonly #ctx: number;
  /** Depths of the running frames by which, or by whose callees, code was deposited. */
  readonly #depositors = new Set<number>();

  constructor(machine: Machine, ctx: number) {
    this.#machine = machine;
    this.#ctx = ctx;
  }

  /** To be called for each frame once it was left: what it did is undone then, if it failed. */
  frameLeft(fp: number): void {
    const view = this.#machine.memory.view();
    const depth = view.getUint32(fp + layout.F_DEPTH, true);
    const deposited = this.#depositors.delete(depth);
    const status = view.getUint32(this.#ctx + layout.C_HOOK_STATUS, true);
    if (status === layout.STATUS_REVERT || haltReason(status) !== undefined) {
      if (deposited) this.#forget();
      return;
    }
    const creates = (view.getUint32(fp + layout.F_FLAGS, true) & layout.FRAME_FLAG_CREATE) !== 0;
    if (deposited || creates) this.#depositors.add(depth - 1);
  }

  /** PERF: O(accounts of the transaction), at most once for each creation. */
  #forget(): void {
    const { memory, runtime } = this.#machine;
    const view = memory.view();
    for (let a = 0; ; ) {
      a = runtime.nextAccount(this.#ctx, a) >>> 0;
      if (a === 0) return;
      const code = view.getUint32(a + layout.A_CODE, true);
      if (code === 0 || view.getUint32(code + layout.CODE_KNOWN, true) !== 0) continue;
      view.setUint32(a + layout.A_CODE, 0, true);
    }
  }
}
