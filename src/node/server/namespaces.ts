/** Which methods an endpoint offers: by namespace (`eth` is all of `eth_...`) or by name. */

import { ServerError } from './fault.ts';

/** What only whoever holds a secret may call, unless it is named. */
const GUARDED = ['engine'];

export function namespaceOf(method: string): string {
  return method.slice(0, Math.max(0, method.indexOf('_')));
}

/**
 * The filter of an endpoint; all but `engine` when the list is left out, all for 'all'.
 * @throws ServerError 'server/unknown namespace' where no method is of a name
 */
export function methodFilter(
  methods: Iterable<string>,
  allowed?: readonly string[],
): (method: string) => boolean {
  if (allowed === undefined) return (method) => !GUARDED.includes(namespaceOf(method));
  const names = [...methods];
  const namespaces = new Set(names.map(namespaceOf));
  for (const name of allowed) {
    if (name === 'all' || namespaces.has(name) || names.includes(name)) continue;
    const known = [...namespaces].sort().join(', ');
    throw new ServerError('server/unknown namespace', `${name} is unknown: there are ${known}`);
  }
  if (allowed.includes('all')) return () => true;
  const wanted = new Set(allowed);
  return (method) => wanted.has(namespaceOf(method)) || wanted.has(method);
}
