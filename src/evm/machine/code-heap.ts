/**
 * Code objects (bytecode with its jump map and block entries) stay on the machine's heap for the
 * next call; when there are too many bytes of them, those that nobody needs go. What is needed:
 * the code of accounts that the block's transactions wrote, which the host may not know, with open
 * snapshots; what is being compiled; and, while half of the room is left, what is linked.
 *
 * Collected while nothing runs, so no frame, journal or overlay points at an object.
 */
import { InputError } from '../input.ts';
import * as layout from '../layout.ts';
import type { ContextPool } from './contexts.ts';
import type { Machine } from './instance.ts';
import type { Tiers } from './tiers.ts';
import type { VersionUndo } from './undo.ts';

/** A third of the heap: the accounts that one transaction of Osaka can reach have 420 MiB. */
export const CODE_BYTES_MAX: number = 512 << 20;

export interface CodeUsers {
  readonly contexts: ContextPool;
  readonly tiers: Tiers;
  readonly undo: VersionUndo;
}

export class CodeHeap {
  readonly #machine: Machine;
  readonly #users: CodeUsers;
  readonly #bytesMax: number;
  #asked = false;

  /** @throws InputError */
  constructor(machine: Machine, users: CodeUsers, bytesMax: number = CODE_BYTES_MAX) {
    if (!Number.isSafeInteger(bytesMax) || bytesMax < 0) {
      throw new InputError('compilation.codeBytesMax', bytesMax, 'an integer from 0');
    }
    this.#machine = machine;
    this.#users = users;
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#machine.memory.view().getUint32(layout.GLOBALS + layout.G_CODE_BYTES, true);
  }

  /** Codes of accounts that the block's transactions wrote cannot go: time to forget them. */
  get isHalfFull(): boolean {
    return this.bytes > this.#bytesMax / 2;
  }

  /**
   * After each call: collects when there is too much and nothing runs; when there is far too much,
   * calls that begin wait until nothing does.
   */
  bound(): void {
    const { bytes } = this;
    if (this.#asked || bytes <= this.#bytesMax) return;
    const { contexts } = this.#users;
    if (!contexts.idle && bytes <= 2 * this.#bytesMax) return;
    this.#asked = true;
    contexts.whenIdle(() => {
      this.#asked = false;
      this.empty();
    });
  }

  /** Frees what nobody needs; while nothing runs. */
  empty(): void {
    this.#collect(true);
    if (this.isHalfFull) this.#collect(false);
  }

  #collect(keepsLinked: boolean): void {
    const { memory, runtime, id } = this.#machine;
    const { contexts, tiers, undo } = this.#users;
    const view = memory.view();
    const { waiting, linked } = tiers.codesInUse();
    const kept = new Set([...waiting, ...(keepsLinked ? linked : []), ...undo.codes()]);
    for (const { arena, prepared } of contexts.all) {
      if (prepared) kept.add(view.getUint32(arena.ctx + layout.C_EMPTY_CODE, true));
    }
    const { ctx } = contexts.first.arena;
    for (let a = 0; ; ) {
      a = runtime.nextChangedAccount(ctx, a) >>> 0;
      if (a === 0) break;
      kept.add(view.getUint32(a + layout.A_CODE, true));
    }
    kept.delete(0);
    tiers.forgetAllBut(kept);
    for (const code of kept) view.setUint32(code + layout.CODE_KEPT, 1, true);
    runtime.codesCollect(id);
  }
}
