/** What the workers of a job did when, where somebody asked for it: noted in the job's region. */
import type { Arena } from '../machine/arena.ts';
import type { MachineMemory } from '../machine/memory.ts';
import { readAddress, readWord } from '../machine/words.ts';
import * as parallel from '../parallel-layout.ts';
import type { JobEvent, JobEventKind } from './job.ts';
import type { JobMemory } from './job-memory.ts';

/** Events of each worker: what comes after them is not noted. */
const EVENTS_MAX = 65_536;

const KINDS: readonly JobEventKind[] = [
  'executes at head',
  'executes in advance',
  'looks',
  'stale',
  'counts',
  'gives back',
  'sleeps',
  'asks',
  'is answered',
];

export class JobEvents {
  readonly #memory: MachineMemory;
  readonly #arenas: readonly Arena[];
  readonly #starts: readonly number[];

  /** From now on they are noted. @returns undefined where the region has no room for them */
  static begin(
    memory: MachineMemory,
    job: JobMemory,
    arenas: readonly Arena[],
  ): JobEvents | undefined {
    const bytes = EVENTS_MAX * parallel.EVENT_BYTES;
    const first = job.take(bytes * arenas.length);
    if (first === undefined) return undefined;
    return new JobEvents(
      memory,
      arenas,
      arenas.map((_, index) => first + index * bytes),
    );
  }

  private constructor(memory: MachineMemory, arenas: readonly Arena[], starts: readonly number[]) {
    this.#memory = memory;
    this.#arenas = arenas;
    this.#starts = starts;
    for (const [index, { ctx }] of arenas.entries()) {
      const start = starts[index] as number;
      const view = memory.view();
      view.setUint32(ctx + parallel.C_EVENTS_END, start + EVENTS_MAX * parallel.EVENT_BYTES, true);
      view.setUint32(ctx + parallel.C_EVENTS, start, true);
    }
  }

  /** In the order of time; nothing more is noted. */
  end(): JobEvent[] {
    const view = this.#memory.view();
    const events = this.#arenas.flatMap(({ ctx }, index) => {
      const end = view.getUint32(ctx + parallel.C_EVENTS, true);
      view.setUint32(ctx + parallel.C_EVENTS, 0, true);
      const of: JobEvent[] = [];
      for (let at = this.#starts[index] as number; at < end; at += parallel.EVENT_BYTES) {
        of.push(readEvent(view, at, index + parallel.FIRST_WORKER));
      }
      return of;
    });
    return events.sort((a, b) => a.timeMs - b.timeMs);
  }
}

function readEvent(view: DataView, at: number, worker: number): JobEvent {
  const kind = KINDS[view.getUint32(at + parallel.EVENT_KIND, true) - 1] as JobEventKind;
  const event = {
    worker,
    kind,
    timeMs: view.getFloat64(at + parallel.EVENT_TIME, true),
    index: view.getUint32(at + parallel.EVENT_INDEX, true),
  };
  if (kind !== 'stale') return event;
  const isSlot = view.getUint32(at + parallel.EVENT_KEY_KIND, true) === parallel.WRITTEN_SLOT;
  const address = readAddress(view, at + parallel.EVENT_ADDRESS);
  const slot = isSlot ? { slot: readWord(view, at + parallel.EVENT_SLOT) } : {};
  return { ...event, address, ...slot };
}
