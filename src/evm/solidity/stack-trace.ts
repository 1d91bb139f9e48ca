/**
 * Stack traces in terms of Solidity: a recorder watches a call (through hooks and steps, so on
 * the interpreter), and what it recorded is mapped to lines by the compiler's source maps.
 */
import type { CallEnter, CallExit, CallFailure, CallHooks, CallKind } from '../machine/hooks.ts';
import type { TraceStep } from '../machine/steps.ts';
import type { Address } from '../types.ts';
import type { Artifacts, KnownCode } from './artifacts.ts';
import { decodeRevert, type RevertReason } from './revert-reason.ts';
import { positionOf, type SourceRange } from './source-map.ts';

/** Instructions of a frame that are remembered; the last ones may be the compiler's own. */
const PCS_MAX = 512;

export interface RecordedCall {
  readonly kind: CallKind;
  readonly to: Address;
  readonly codeAddress: Address;
  readonly code: Uint8Array;
  /** The last instructions, the newest last. */
  readonly pcs: readonly number[];
  /** Where the caller stood, in its own `pcs`. */
  readonly callerPcs: readonly number[];
  readonly exit: CallExit | undefined;
  readonly calls: readonly RecordedCall[];
}

export interface CallRecorder {
  /** To be spread into the options of `call` or `transact`. */
  readonly options: {
    readonly hooks: CallHooks;
    readonly onStep: (step: TraceStep) => void;
  };
  /** The outermost call of the last run. */
  root(): RecordedCall | undefined;
}

interface Recording extends RecordedCall {
  readonly pcs: number[];
  exit: CallExit | undefined;
  readonly calls: Recording[];
}

/** Records one run at a time. */
export function recordCalls(): CallRecorder {
  /** By depth; a frame stays until the next of its depth, since its last step comes after it. */
  const frames: Recording[] = [];
  const onEnter = (call: CallEnter): void => {
    const caller = call.depth === 0 ? undefined : frames[call.depth - 1];
    const { kind, to, codeAddress } = call;
    const callerPcs = [...(caller?.pcs ?? [])];
    const code = call.code();
    const frame = { kind, to, codeAddress, code, pcs: [], callerPcs, exit: undefined, calls: [] };
    caller?.calls.push(frame);
    frames[call.depth] = frame;
  };
  const onExit = (exit: CallExit): void => {
    const frame = frames[exit.depth];
    if (frame !== undefined) frame.exit = exit;
  };
  const onStep = ({ pc, depth }: TraceStep): void => {
    const pcs = frames[depth - 1]?.pcs;
    if (pcs === undefined) return;
    pcs.push(pc);
    if (pcs.length > 2 * PCS_MAX) pcs.splice(0, PCS_MAX);
  };
  return { options: { hooks: { onEnter, onExit }, onStep }, root: () => frames[0] };
}

/** One line of a stack trace. Fields are undefined where no artifact matches. */
export interface StackFrame {
  readonly address: Address;
  readonly contract: string | undefined;
  /** `constructor`, `receive` and `fallback` have those names. */
  readonly function: string | undefined;
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly column: number | undefined;
}

export interface Failure {
  /** Why the innermost frame failed. */
  readonly reason: RevertReason | { readonly kind: 'halt'; readonly text: CallFailure };
  /** The innermost first. */
  readonly frames: readonly StackFrame[];
  /** As an error prints it. */
  readonly text: string;
}

/** Where and why a recorded call failed; undefined when it did not. */
export function traceFailure(
  recorded: RecordedCall | undefined,
  artifacts: Artifacts,
): Failure | undefined {
  if (recorded?.exit === undefined || recorded.exit.status === 'success') return undefined;
  const path = [recorded];
  for (let next = failingCall(recorded); next !== undefined; next = failingCall(next)) {
    path.push(next);
  }
  const frames = path
    .map((call, index) => locate(call, path[index + 1]?.callerPcs ?? call.pcs, artifacts))
    .toReversed();
  const { status, output, reason: halted } = (path.at(-1) as RecordedCall).exit as CallExit;
  const reason =
    status === 'halt' && halted !== undefined
      ? ({ kind: 'halt', text: halted } as const)
      : decodeRevert(output, artifacts.abi);
  return { reason, frames, text: [reason.text, ...frames.map(formatFrame)].join('\n    at ') };
}

/** The call whose failure a frame passed on: its last one, with the same output. */
function failingCall({ calls, exit }: RecordedCall): RecordedCall | undefined {
  const last = calls.at(-1);
  if (last?.exit === undefined || last.exit.status === 'success') return undefined;
  // Out of gas and the like leave no data; a caller that goes on from it does not end with none.
  const same = exit?.output.toHex() === last.exit.output.toHex();
  return same && exit?.status !== 'halt' ? last : undefined;
}

function locate(call: RecordedCall, pcs: readonly number[], artifacts: Artifacts): StackFrame {
  const creation = call.kind === 'create' || call.kind === 'create2';
  const known = artifacts.find(call.code, creation);
  const none = { function: undefined, file: undefined, line: undefined, column: undefined };
  const frame: StackFrame = { address: call.codeAddress, contract: known?.contract, ...none };
  if (known === undefined) return frame;
  const files = sourceNames(known);
  let outside: StackFrame | undefined;
  for (const pc of pcs.toReversed()) {
    const range = known.ranges[known.instructions[pc] ?? -1];
    const file = range === undefined ? undefined : files.get(range.file);
    const source = file === undefined ? undefined : known.compilation.input.sources[file]?.content;
    if (range === undefined || file === undefined || source === undefined) continue;
    const found = functionAt(known, file, range);
    const place = { ...frame, function: found, file, ...positionOf(source, range.start) };
    // The dispatcher maps to the whole contract: an older instruction says more, if one does.
    if (found !== undefined) return place;
    outside ??= place;
  }
  return outside ?? frame;
}

function sourceNames({ compilation }: KnownCode): ReadonlyMap<number, string> {
  const sources = Object.entries(compilation.output.sources ?? {});
  return new Map(sources.map(([name, { id }]) => [id, name]));
}

interface AstNode {
  readonly nodeType?: string;
  readonly name?: string;
  readonly kind?: string;
  readonly src?: string;
  readonly nodes?: readonly AstNode[];
}

/** The function whose definition holds the range, by the source's syntax tree. */
function functionAt(known: KnownCode, file: string, range: SourceRange): string | undefined {
  const root = known.compilation.output.sources?.[file]?.ast as AstNode | undefined;
  const inside = ({ src = '' }: AstNode): boolean => {
    const [start = 0, length = 0] = src.split(':').map(Number);
    return range.start >= start && range.start + range.length <= start + length;
  };
  let node = root;
  while (node !== undefined) {
    if (node.nodeType === 'FunctionDefinition' || node.nodeType === 'ModifierDefinition') {
      return node.name === '' ? node.kind : node.name;
    }
    node = node.nodes?.find(inside);
  }
  return undefined;
}

function formatFrame({ address, contract, file, line, column, ...frame }: StackFrame): string {
  const name =
    contract === undefined ? address : [contract, frame.function].filter(Boolean).join('.');
  return file === undefined ? name : `${name} (${file}:${line}:${column})`;
}
