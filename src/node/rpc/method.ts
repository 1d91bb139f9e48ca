/** Methods of JSON-RPC as data: what each takes, and what it does. */

import { invalidParams } from './errors.ts';
import type { Read } from './values.ts';

/** Who asks, for as long as the request lasts. */
export interface Caller {
  /** Aborted when the client has gone, or the request has taken too long. */
  readonly signal: AbortSignal;
  /** The same told to a function; what it gives ends that. PERF: no event, which costs 2 us. */
  readonly onAbort?: (work: () => void) => () => void;
  /** Sends a notification to the client; undefined where the connection has none (HTTP). */
  readonly notify: ((method: string, params: unknown) => void) | undefined;
  /** Called when the connection ends. */
  readonly onClose: (work: () => void) => void;
  /** Of one connection: subscriptions and filters count by it. */
  readonly connection: object;
  /** The client's address, for logs. */
  readonly client?: string;
}

/** A method upon a node of type `Node`. */
export interface Method<Node> {
  /** Reads each argument; arguments that are missing are given as undefined. */
  readonly params: readonly Read<unknown>[];
  readonly run: (node: Node, args: readonly unknown[], caller: Caller) => unknown;
  /** Told of the parameters of many requests of a batch, before they are answered one by one. */
  readonly prepare?: (node: Node, params: readonly unknown[]) => void;
}

export type MethodTable<Node> = Readonly<Record<string, Method<Node>>>;

type Args<P extends readonly Read<unknown>[]> = {
  readonly [K in keyof P]: P[K] extends Read<infer T> ? T : never;
};

/**
 * A method with its parameters' types: `run` gets what they read.
 *
 * @example
 * eth_getBalance: method([readAddress, withDefault(readBlockId, LATEST)], (node, [who, at]) => ...)
 */
export function method<Node, const P extends readonly Read<unknown>[]>(
  params: P,
  run: (node: Node, args: Args<P>, caller: Caller) => unknown,
): Method<Node> {
  return { params, run: run as Method<Node>['run'] };
}

/** Reads the arguments of a request. @throws RpcError 'invalid params' */
export function readArguments(
  { params }: Method<never>,
  given: readonly unknown[],
): readonly unknown[] {
  if (given.length > params.length) {
    throw invalidParams(`too many arguments, want at most ${params.length}`);
  }
  return params.map((read, index) => {
    try {
      return read(given[index], `${index}`);
    } catch (error) {
      if (given[index] !== undefined) throw error;
      throw invalidParams(`missing value for required argument ${index}`);
    }
  });
}
