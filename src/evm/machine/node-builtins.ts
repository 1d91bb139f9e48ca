/** Modules of Node.js where there is one: the machine runs in browsers too. */

interface Builtins {
  'node:worker_threads': typeof import('node:worker_threads');
  'node:os': typeof import('node:os');
  'node:fs': typeof import('node:fs');
  'node:path': typeof import('node:path');
  'node:crypto': typeof import('node:crypto');
}

/** undefined outside of Node.js. */
export function nodeBuiltin<Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (id: string) => unknown } };
  return process?.getBuiltinModule?.(name) as Builtins[Name] | undefined;
}
