/** Servers that listen, as whoever closes them sees them. */

import type { Server } from 'node:net';
import type { Logger } from '../operations/logger.ts';
import { ServerError } from './fault.ts';

export interface Listening {
  /** Where clients find it. */
  readonly urls: readonly string[];
  /** Takes no more, answers what is under way, and cuts off what is left after `msMax`. */
  close(msMax: number): Promise<void>;
}

/**
 * Resolves when it listens; what fails later is logged, and it goes on.
 * @throws ServerError 'server/cannot listen' naming the place
 */
export function listen(
  server: Server,
  place: { readonly host: string; readonly port: number } | { readonly path: string },
  log: Logger,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException) => {
      const where = 'path' in place ? place.path : `${place.host}:${place.port}`;
      const why = cause.code === 'EADDRINUSE' ? 'something else listens there' : cause.message;
      const message = `cannot listen at ${where}: ${why}`;
      reject(new ServerError('server/cannot listen', message, { details: { where }, cause }));
    };
    server.once('error', fail);
    server.listen(place, () => {
      server.off('error', fail);
      // Without descriptors for another connection, for one.
      server.on('error', (error) => log.error('a connection was not taken', { error }));
      resolve();
    });
  });
}

/** Resolves when `work` does, after `msMax` at the latest. */
export async function within(work: Promise<unknown>, msMax: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, msMax);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
