/**
 * Keeps the cores awake. Some kernels of virtual machines put a thread that is woken on a core that
 * is busy rather than on one that sleeps: what runs beside a thread then takes its time.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';

/**
 * Starts a loop for each core that gives way to all else (`chrt --idle`), in this session, and ends
 * when this process has.
 */
export function keepAwake(): void {
  const loop = `while kill -0 ${process.pid} 2>/dev/null; do :; done`;
  for (let i = 0; i < availableParallelism(); i++) {
    spawn('chrt', ['--idle', '0', 'sh', '-c', loop], { stdio: 'ignore' }).unref();
  }
}
