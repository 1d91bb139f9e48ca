/**
 * What the compiler costs: bytecode a second and bytes of wasm a byte, over the contracts of the
 * workloads and over contracts that are made to be hard.
 */
import { compileContract } from '../../evm/compiler/compile.ts';
import { columns } from './report.ts';
import { geometricMean, median } from './statistics.ts';
import type { Workload } from './workload.ts';

export interface CompileFigure {
  readonly name: string;
  readonly codeBytes: number;
  readonly ms: number;
  /** The same when it was compiled first, by a compiler that V8 had not optimised. */
  readonly firstMs: number;
  readonly wasmBytes: number;
  /** The limit that was reached, where the contract stays interpreted. */
  readonly refused: string | undefined;
}

/** Size that mainnet allows. */
const CODE_BYTES_MAX = 24_576;
const RUNS = 5;
/** Passes over all contracts until V8 has optimised the compiler. */
const WARM_UP_PASSES = 4;

/** The contracts of the workloads, each once, without counts: all of their code is compiled. */
export function realContracts(workloads: readonly Workload[]): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  const seen = new Set<string>();
  for (const { contract, accounts } of workloads) {
    for (const { code, name = contract.split(' ')[0] ?? contract } of accounts) {
      if (code.length === 0 || seen.has(code.toHex())) continue;
      seen.add(code.toHex());
      found.set(found.has(name) ? `${name} ${seen.size}` : name, code);
    }
  }
  return found;
}

/** Contracts of the largest size, each hard in a way of its own. */
export function hardContracts(): Map<string, Uint8Array> {
  const repeat = (unit: string): Uint8Array => {
    const count = Math.floor(CODE_BYTES_MAX / (unit.length / 2));
    return Uint8Array.fromHex(unit.repeat(count));
  };
  return new Map([
    ['all JUMPDEST', repeat('5b')],
    ['all PUSH32', repeat(`7f${'ff'.repeat(32)}`)],
    ['all MULMOD of what lies below', repeat('09')],
    ['deepest stacks', Uint8Array.fromHex('5f'.repeat(1_023) + '8f50'.repeat(11_500))],
    ['thousands of tiny blocks', repeat('5b5f5f57')],
    ['thousands of tiny loops', tinyLoops()],
    ['a jump table', jumpTable()],
    ['irreducible graphs', irreducible()],
    ['copies of memory', repeat('5f5f5f3e5b')],
    ['calls', repeat('5f5f5f5f5f5ff450')],
    ['a stack that overflows', repeat('475a03')],
    ['operands spilled again and again', repeat('475a03'.repeat(500) + '50'.repeat(500))],
    ['sixteen of them', repeat('475a03'.repeat(16) + '50'.repeat(16))],
  ]);
}

/** JUMPDEST GAS PUSH2 JUMPI, each back to itself. */
function tinyLoops(): Uint8Array {
  let code = '';
  for (let pc = 0; pc + 6 <= CODE_BYTES_MAX; pc += 6) code += `5b5a61${hex(pc)}57`;
  return Uint8Array.fromHex(code);
}

/** A word compared with 255 numbers, each with a place of its own, from which it jumps on. */
function jumpTable(): Uint8Array {
  const cases = 255;
  const start = 2 + 8 * cases + 1;
  // PUSH0 CALLDATALOAD
  let code = '5f35';
  for (let i = 0; i < cases; i++) {
    // DUP1 PUSH1 i EQ PUSH2 place JUMPI
    code += `8060${i.toString(16).padStart(2, '0')}1461${hex(start + 5 * i)}57`;
  }
  code += '00';
  // JUMPDEST POP PUSH0 CALLDATALOAD JUMP
  return Uint8Array.fromHex(code + '5b505f3556'.repeat(cases));
}

/** Pairs of blocks that jump into each other, and are entered at either. */
function irreducible(): Uint8Array {
  let code = '';
  const unit = 20;
  for (let pc = 0; pc + unit <= CODE_BYTES_MAX; pc += unit) {
    const [a, b] = [pc + 5, pc + 12];
    // GAS PUSH2 b JUMPI; a: JUMPDEST GAS PUSH2 b JUMPI PUSH0; b: JUMPDEST GAS PUSH2 a JUMPI
    code += `5a61${hex(b)}575b5a61${hex(b)}575f5b5a61${hex(a)}575f50`;
  }
  return Uint8Array.fromHex(code);
}

function hex(value: number): string {
  return value.toString(16).padStart(4, '0');
}

/**
 * Each contract compiled a few times, in turns. The first pass is the compiler as it is loaded; by
 * the later ones, which count, V8 has optimised it.
 */
export function timeCompiler(contracts: ReadonlyMap<string, Uint8Array>): CompileFigure[] {
  const passes = Array.from({ length: WARM_UP_PASSES + RUNS }, () =>
    [...contracts].map(([name, code]) => compileOnce(name, code)),
  );
  const [first] = passes;
  return (first ?? []).map((figure, i) => {
    const timed = passes.slice(WARM_UP_PASSES).map((pass) => (pass[i] as CompileFigure).ms);
    return { ...figure, ms: median(timed) };
  });
}

function compileOnce(name: string, code: Uint8Array): CompileFigure {
  const start = performance.now();
  const result = compileContract(code, { fork: 'osaka', shared: true });
  const ms = performance.now() - start;
  const base = { name, codeBytes: code.length, ms, firstMs: ms };
  if (!('refused' in result)) {
    return { ...base, wasmBytes: result.bytes.length, refused: undefined };
  }
  const refused = `${result.refused}: ${result.actual}, limit ${result.limit}`;
  return { ...base, wasmBytes: 0, refused };
}

export function compileTable(title: string, figures: readonly CompileFigure[]): string {
  const megabytes = ({ codeBytes, ms }: CompileFigure) => codeBytes / 1000 / ms;
  const ratio = ({ wasmBytes, codeBytes }: CompileFigure) => wasmBytes / codeBytes;
  const compiled = figures.filter(({ refused }) => refused === undefined);
  const lines = figures.map((figure) => [
    figure.name,
    String(figure.codeBytes),
    figure.ms.toFixed(1),
    megabytes(figure).toFixed(2),
    figure.refused === undefined ? String(figure.wasmBytes) : '-',
    figure.refused ?? ratio(figure).toFixed(1),
  ]);
  const head = [title, 'bytes', 'ms', 'MB/s', 'wasm', 'wasm a byte'];
  const bytes = figures.reduce((sum, { codeBytes }) => sum + codeBytes, 0);
  const ms = figures.reduce((sum, figure) => sum + figure.ms, 0);
  const firstMs = figures.reduce((sum, figure) => sum + figure.firstMs, 0);
  const sums =
    `${(bytes / 1000 / ms).toFixed(2)} MB/s over all, ` +
    `${geometricMean(figures.map(megabytes)).toFixed(2)} in the geometric mean, ` +
    `${(bytes / 1000 / firstMs).toFixed(2)} over all in the first pass; ` +
    `${median(compiled.map(ratio)).toFixed(1)} bytes of wasm a byte in the median, ` +
    `${Math.max(...compiled.map(ratio)).toFixed(1)} at most`;
  return [...columns([head, ...lines]), sums, ''].join('\n');
}
