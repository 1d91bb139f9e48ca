/**
 * Calls one after another, each with its way from the outermost: as Parity had them, for `trace_`
 * methods, and as geth's `flatCallTracer` gives them, which differs in what failed calls hold.
 */

import type { Address, Hash } from '../../evm/types.ts';
import { dataHex, quantity } from '../rpc/values.ts';
import type { CallFrame } from './call-frames.ts';
import { parityWords, REVERTED } from './failure-words.ts';
import { recordCalls } from './recorded.ts';
import type { TracePlace, Tracer } from './target.ts';

export interface FlatCallOptions {
  readonly convertParityErrors: boolean;
  readonly includePrecompiles: boolean;
}

export interface FlatCall {
  readonly action: Readonly<Record<string, unknown>>;
  readonly error?: string;
  readonly result?: Readonly<Record<string, unknown>> | null;
  readonly subtraces: number;
  readonly traceAddress: readonly number[];
  readonly type: 'call' | 'create' | 'suicide';
}

export interface PlacedFlatCall extends FlatCall {
  readonly blockHash: Hash | null;
  readonly blockNumber: number | null;
  readonly transactionHash: Hash | null;
  readonly transactionPosition: number | null;
}

/** `flatCallTracer`, as geth has it. */
export function flatCallTracer(options: FlatCallOptions): Tracer {
  return async (target) => {
    const { root, result } = await recordCalls(target);
    const { gasLimit } = target.transaction;
    const outermost = { ...root, gas: gasLimit, gasUsed: result.gasUsed };
    return flatten(outermost, { ...options, form: 'geth' }).map((call) =>
      placed(call, target.place),
    );
  };
}

/** As `trace_` methods have them. */
export function parityCalls(root: CallFrame): FlatCall[] {
  const options = { convertParityErrors: true, includePrecompiles: false };
  return flatten(root, { ...options, form: 'parity' });
}

export function placed(call: FlatCall, place: TracePlace | undefined): PlacedFlatCall {
  const { action, error, result, subtraces, traceAddress, type } = call;
  return {
    action,
    blockHash: place?.blockHash ?? null,
    blockNumber: place === undefined ? null : Number(place.blockNumber),
    ...(error === undefined ? {} : { error }),
    ...(result === undefined ? {} : { result }),
    subtraces,
    traceAddress,
    transactionHash: place?.transactionHash ?? null,
    transactionPosition: place?.index ?? null,
    type,
  };
}

interface FlatOptions extends FlatCallOptions {
  readonly form: 'geth' | 'parity';
}

function flatten(root: CallFrame, options: FlatOptions): FlatCall[] {
  const flat: FlatCall[] = [];
  const add = (frame: CallFrame, traceAddress: readonly number[]): void => {
    const calls = frame.calls.filter((call) => isShown(call, options));
    flat.push({ ...itself(frame, options), subtraces: calls.length, traceAddress });
    for (const [index, call] of calls.entries()) add(call, [...traceAddress, index]);
  };
  add(root, []);
  return flat;
}

/** Parity left out calls of precompiles that move nothing. */
function isShown({ precompile, kind, depth }: CallFrame, options: FlatOptions): boolean {
  if (!precompile || options.includePrecompiles || depth === 0) return true;
  return kind !== 'call' && kind !== 'staticcall';
}

function itself(
  frame: CallFrame,
  { form, convertParityErrors }: FlatOptions,
): Pick<FlatCall, 'action' | 'error' | 'result' | 'type'> {
  const { kind, from, to, value, gas, gasUsed, input, output, error } = frame;
  if (kind === 'selfdestruct') {
    const action = { address: from, balance: quantity(value), refundAddress: to };
    return { action, ...(form === 'parity' ? { result: null } : {}), type: 'suicide' };
  }
  const creates = kind === 'create' || kind === 'create2';
  const isFailed = error !== undefined;
  const words = isFailed ? (convertParityErrors ? parityWords(error) : error) : undefined;
  // A revert has an output, which says why.
  const hasResult = !isFailed || error === REVERTED;
  const told = {
    ...(words === undefined ? {} : { error: words }),
    // Today's nodes say that there is none, where Parity said nothing.
    ...(form === 'parity' ? { result: null } : {}),
  };
  if (creates) {
    const action = {
      ...(form === 'parity' ? { creationMethod: kind } : {}),
      from,
      gas: quantity(gas),
      init: dataHex(input),
      value: quantity(value),
    };
    const made: { address?: Address; code: string; gasUsed: string } = {
      ...(isFailed ? {} : { address: to }),
      code: dataHex(output),
      gasUsed: quantity(gasUsed),
    };
    return { action, ...told, ...(hasResult ? { result: made } : {}), type: 'create' };
  }
  const action = {
    callType: kind,
    from,
    gas: quantity(gas),
    input: dataHex(input),
    to,
    value: quantity(value),
  };
  const result = { gasUsed: quantity(gasUsed), output: dataHex(output) };
  return { action, ...told, ...(hasResult ? { result } : {}), type: 'call' };
}
