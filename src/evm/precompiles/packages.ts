/**
 * Packages loaded when they are first used: at once where the host can (Node.js), else by a
 * promise, which suspends the call that needs one.
 */
type Importer<T> = () => Promise<T>;

/** Thrown where a package is on its way; `ready` is kept when it is there. */
export class PackageLoading extends Error {
  readonly ready: Promise<void>;
  constructor(name: string, ready: Promise<void>) {
    super(`${name} is being loaded`);
    this.ready = ready;
  }
}

interface Builtins {
  'node:crypto': typeof import('node:crypto');
  'node:fs': typeof import('node:fs');
  'node:module': typeof import('node:module');
}

/** A module of Node.js itself; undefined elsewhere. */
export function builtin<Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined {
  return globalThis.process?.getBuiltinModule?.(name) as Builtins[Name] | undefined;
}

/** Node.js's `require`, which takes modules of both kinds; undefined elsewhere. */
const require: NodeJS.Require | undefined = builtin('node:module')?.createRequire(import.meta.url);

/**
 * A package's exports by name. `importer` is the import of the same name, written out where it
 * stands so that bundlers see it. @throws PackageLoading when they are to be awaited
 */
export function lazyPackage<T>(name: string, importer: Importer<T>): () => T {
  let loaded: T | undefined;
  let loading: Promise<void> | undefined;
  return () => {
    if (loaded !== undefined) return loaded;
    if (require !== undefined) {
      loaded = require(name) as T;
      return loaded;
    }
    loading ??= importer().then((exports) => {
      loaded = exports;
    });
    throw new PackageLoading(name, loading);
  };
}

/** An optional package on Node.js; undefined where it is not installed or does not load. */
export function optionalPackage<T>(name: string): T | undefined {
  try {
    return require?.(name) as T | undefined;
  } catch {
    return undefined;
  }
}

/** Path of a module of an optional package on Node.js; undefined where it is not installed. */
export function optionalPath(name: string): string | undefined {
  try {
    return require?.resolve(name);
  } catch {
    return undefined;
  }
}
