/**
 * Tracers by name, as `debug_trace*` takes them. Each gives its answer as a value for JSON; the
 * struct log, which may be longer than memory, is written by `struct-log.ts` instead. Tracers in
 * JavaScript are not run: what they may do to a node cannot be bounded.
 */

import { RpcError } from '../rpc/errors.ts';
import { membersOf, optional, type Read, readBoolean, readString } from '../rpc/values.ts';
import { callTracer } from './call-tracer.ts';
import { flatCallTracer } from './flat-calls.ts';
import { fourByteTracer } from './four-byte.ts';
import { prestateTracer } from './prestate.ts';
import type { Tracer } from './target.ts';

/** Reads a tracer's own options. @throws RpcError */
type MakeTracer = (config: unknown, path: string) => Tracer;

const flag = (config: Readonly<Record<string, unknown>>, name: string, path: string): boolean =>
  optional(readBoolean)(config[name], `${path}.${name}`) ?? false;

/** No options are an empty object. */
const given = (config: unknown, path: string): Readonly<Record<string, unknown>> =>
  config === undefined || config === null ? {} : membersOf(config, path);

const TRACERS: Readonly<Record<string, MakeTracer>> = {
  callTracer: (config, path) => {
    const options = given(config, path);
    return callTracer({
      onlyTopCall: flag(options, 'onlyTopCall', path),
      withLog: flag(options, 'withLog', path),
    });
  },
  flatCallTracer: (config, path) => {
    const options = given(config, path);
    return flatCallTracer({
      convertParityErrors: flag(options, 'convertParityErrors', path),
      includePrecompiles: flag(options, 'includePrecompiles', path),
    });
  },
  prestateTracer: (config, path) => {
    const options = given(config, path);
    return prestateTracer({
      diffMode: flag(options, 'diffMode', path),
      disableCode: flag(options, 'disableCode', path),
      disableStorage: flag(options, 'disableStorage', path),
      includeEmpty: flag(options, 'includeEmpty', path),
    });
  },
  '4byteTracer': () => fourByteTracer,
  noopTracer: () => async (target) => {
    await target.run({});
    return {};
  },
  muxTracer: (config, path) => {
    const tracers = Object.entries(given(config, path)).map(([name, own]) => {
      if (name === 'muxTracer') throw unknownTracer(name);
      return [name, makeTracer(name, own, `${path}.${name}`)] as const;
    });
    return async (target) => {
      const answers: Record<string, unknown> = {};
      for (const [name, trace] of tracers) answers[name] = await trace(target);
      return answers;
    };
  },
};

/** @throws RpcError for a tracer that is not known, or options that are none of its */
export function makeTracer(name: string, config: unknown, path: string): Tracer {
  const make = Object.hasOwn(TRACERS, name) ? TRACERS[name] : undefined;
  if (make === undefined) throw unknownTracer(name);
  return make(config, path);
}

const SHOWN_MAX = 80;

function unknownTracer(name: string): RpcError {
  const known = Object.keys(TRACERS).join(', ');
  const shown = JSON.stringify(name.slice(0, SHOWN_MAX));
  const message = `the tracer ${shown} is not supported (JavaScript is not run): use ${known}`;
  return new RpcError('server error', message);
}

export interface StructLogOptions {
  readonly enableMemory: boolean;
  readonly disableStack: boolean;
  readonly disableStorage: boolean;
  readonly enableReturnData: boolean;
  /** Steps; 0 for all. */
  readonly limit: number;
}

export interface TraceOptions {
  /** Undefined: the struct log. */
  readonly tracer: Tracer | undefined;
  readonly structLog: StructLogOptions;
  /** Milliseconds; undefined for the node's own limit. */
  readonly timeoutMs: number | undefined;
}

/** The second argument of `debug_trace*`. */
export const readTraceOptions: Read<TraceOptions> = (value, path) => {
  const options = given(value, path);
  const name = optional(readString)(options['tracer'], `${path}.tracer`);
  const timeout = optional(readString)(options['timeout'], `${path}.timeout`);
  // Geth had these under the names of what it left out.
  const disablesMemory = optional(readBoolean)(options['disableMemory'], `${path}.disableMemory`);
  const tracer =
    name === undefined || name === '' || name === 'structLogger'
      ? undefined
      : makeTracer(name, options['tracerConfig'], `${path}.tracerConfig`);
  return {
    tracer,
    structLog: {
      enableMemory: flag(options, 'enableMemory', path) || disablesMemory === false,
      disableStack: flag(options, 'disableStack', path),
      disableStorage: flag(options, 'disableStorage', path),
      enableReturnData: flag(options, 'enableReturnData', path),
      limit: readLimit(options['limit']),
    },
    timeoutMs: timeout === undefined ? undefined : durationMs(timeout),
  };
};

function readLimit(value: unknown): number {
  if (value === undefined || value === null) return 0;
  const limit = typeof value === 'string' ? Number(value) : value;
  if (typeof limit === 'number' && Number.isSafeInteger(limit) && limit >= 0) return limit;
  throw new RpcError('invalid params', 'limit is a number of steps, from 0 (all of them)');
}

const UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** A duration as Go writes it, like 1m30s or 300ms. @throws RpcError */
function durationMs(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g)];
  const read = parts.map(([whole]) => whole).join('');
  if (text === '' || read !== text) {
    const shown = JSON.stringify(text.slice(0, SHOWN_MAX));
    throw new RpcError('server error', `time: invalid duration ${shown}`);
  }
  return parts.reduce(
    (sum, [, amount, unit = 's']) => sum + Number(amount) * (UNITS_MS[unit] ?? 0),
    0,
  );
}
