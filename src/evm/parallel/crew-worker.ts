/**
 * A thread of the crew: takes seats at machines, and works at one after the other. It sleeps in the
 * runtime, on the bell of the job that its machine has, or here while it has no seat. Its host is
 * looked for in news alone, which are read where the thread was asked to look.
 */
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import * as layout from '../layout.ts';
import { joinMemory } from '../machine/memory.ts';
import { completePrecompile, readPrecompileCall } from '../machine/precompile-calls.ts';
import * as parallel from '../parallel-layout.ts';
import { runPrecompile } from '../precompiles/table.ts';
import type { CrewNews, CrewStart } from './crew-news.ts';
import { Seat } from './seat.ts';

const { port, bell } = workerData as CrewStart;
const seats = new Map<number, Seat>();
/** Where it works. */
let sitting: Seat | undefined;

for (;;) {
  const rung = Atomics.load(bell, 0);
  readNews();
  if (sitting === undefined) Atomics.wait(bell, 0, rung);
  else await work(sitting);
}

function readNews(): void {
  // What is posted from here on is looked for once more.
  if (sitting !== undefined) markSeen(sitting);
  for (;;) {
    const news = receiveMessageOnPort(port)?.message as CrewNews | undefined;
    if (news === undefined) return;
    take(news);
  }
}

function take(news: CrewNews): void {
  const { id } = news;
  if (news.kind === 'plan') {
    const seat = new Seat(joinMemory(news.memory), news.plan);
    seats.set(id, seat);
    port.postMessage({ id });
  } else if (news.kind === 'link') {
    seats.get(id)?.link(news.links);
  } else if (news.kind === 'sit') {
    sitting = seats.get(id);
    if (sitting !== undefined) markSeen(sitting);
  } else {
    if (sitting === seats.get(id)) sitting = undefined;
    seats.delete(id);
  }
}

function markSeen({ machine, arena }: Seat): void {
  const view = machine.memory.view();
  const job = view.getUint32(arena.ctx + parallel.C_JOB, true);
  const seen = Atomics.load(
    new Int32Array(machine.memory.memory.buffer),
    (job + parallel.J_LEAVE) / 4,
  );
  view.setInt32(arena.ctx + parallel.C_LEAVE_SEEN, seen, true);
}

/** Until there is news. */
async function work({ machine, runtime, arena }: Seat): Promise<void> {
  for (;;) {
    const status = runtime.workOn(arena.ctx);
    if (status === parallel.WORK_LEAVES) return;
    if (status !== layout.STATUS_NEED_PRECOMPILE) {
      throw new Error(`a transaction executed in advance asks for ${status}`);
    }
    const { address, input, gas } = readPrecompileCall(machine, arena);
    const answer = runPrecompile(address, input, gas, machine.rules);
    completePrecompile(machine, arena, gas, answer instanceof Promise ? await answer : answer);
  }
}
