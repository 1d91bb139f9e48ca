/** An explanation for the terminal. */
import { alignLeft, amountOf, bold } from '../terminal-text.ts';
import {
  describeRefusal,
  type ExplainedBlock,
  type ExplainedRegion,
  type Explanation,
} from './model.ts';

export interface TextParts {
  /** The instructions of each block. */
  readonly blocks: boolean;
  readonly wasm: boolean;
}

export function asText(explanation: Explanation, parts: TextParts): string {
  const { regions, blocks } = explanation;
  const byPc = new Map(blocks.map((explained) => [explained.block.pc, explained]));
  const sections = [
    [bold(titleOf(explanation)), ...summaryOf(explanation)].join('\n'),
    ...regions.map((region) => regionText(region, byPc)),
    interpretedText(blocks),
    ...(parts.blocks ? [blocks.map(blockText).join('\n')] : []),
    ...(parts.wasm ? regions.map((region) => region.wasm()) : []),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

export function titleOf({ name, codeBytes, blocks, fork }: Explanation): string {
  const size = `${amountOf(codeBytes, 'byte')}, ${amountOf(blocks.length, 'block')}`;
  return `${name}: ${size}, rules of ${fork}`;
}

export function summaryOf(explanation: Explanation): string[] {
  const { refusal, wasmBytes, codeBytes, ms, regions, blocks, hasCounts } = explanation;
  if (refusal !== undefined) return [describeRefusal(refusal)];
  const compiled = blocks.filter(({ interpreted }) => interpreted === undefined).length;
  const ratio = (wasmBytes / Math.max(codeBytes, 1)).toFixed(1);
  return [
    `${amountOf(compiled, 'block')} compiled, in ${amountOf(regions.length, 'region')}: ` +
      `${wasmBytes} bytes of wasm, ` +
      `${ratio} a byte of code, in ${ms.toFixed(1)} ms`,
    hasCounts
      ? "chosen by a run's jumps"
      : 'without the counts of a run, all that does not only fail counts as warm (--input runs it)',
  ];
}

export function describeBlock({ block, gas, isHeader, count }: ExplainedBlock): string {
  const role = isHeader ? ' loop header' : block.isJumpDestination ? ' JUMPDEST' : '';
  const times = count === undefined || !block.isJumpDestination ? '' : `, jumped to ${count} times`;
  return `block ${block.pc}${role}: ${gas} gas, ${describeStack(block)}${times}`;
}

export function describeStack({ need, growth, delta }: ExplainedBlock['block']): string {
  return `stack needs ${need}, grows ${growth}, ends ${signed(delta)}`;
}

export function signed(value: number): string {
  return value > 0 ? `+${value}` : String(value);
}

/** The graph as a list: each node with its gas, its stack, and the nodes that follow. */
function regionText(
  { report, codeBytes }: ExplainedRegion,
  blocks: ReadonlyMap<number, ExplainedBlock>,
): string {
  const { root, nodes, bytes, exits } = report;
  const lines = nodes.map(({ pc, height, isHeader, isMerge, successors }, i) => {
    const block = blocks.get(pc);
    const need = block?.block.need ?? 0;
    return [
      `  ${String(i).padStart(3)}  block ${pc}`,
      isHeader ? 'loop' : isMerge ? 'merge' : '',
      `${block?.gas ?? 0} gas`,
      `at ${signed(height)}, needs ${need}`,
      successors.length === 0 ? '' : `-> ${successors.join(', ')}`,
    ];
  });
  const known = new Set(exits.filter(({ pc }) => pc >= 0).map(({ pc }) => pc));
  const unknown = exits.filter(({ pc }) => pc < 0).length;
  const ways = [
    ...(known.size === 0 ? [] : [`to ${[...known].sort((a, b) => a - b).join(', ')}`]),
    ...(unknown === 0 ? [] : [`${unknown} where only the run knows`]),
  ];
  const head =
    `region ${root}: ${amountOf(nodes.length, 'node')}, ` +
    `${codeBytes} bytes of code, ${bytes} of wasm` +
    `${ways.length === 0 ? '' : `; leaves ${ways.join(', and ')}`}`;
  return [bold(head), ...alignLeft(lines)].join('\n');
}

/** The blocks that are not compiled, by reason. */
function interpretedText(blocks: readonly ExplainedBlock[]): string {
  const byReason = new Map<string, number[]>();
  for (const { block, interpreted } of blocks) {
    if (interpreted === undefined) continue;
    byReason.set(interpreted, [...(byReason.get(interpreted) ?? []), block.pc]);
  }
  const lines = [...byReason].map(([why, pcs]) => `  ${pcs.length}: ${why}: ${pcs.join(', ')}`);
  return lines.length === 0 ? '' : [bold('blocks left to the interpreter'), ...lines].join('\n');
}

function blockText(explained: ExplainedBlock): string {
  const { block } = explained;
  const items = block.instructions.map(({ pc, row, gas }) => `    ${pc} ${row.name} (${gas})`);
  return [describeBlock(explained), ...items].join('\n');
}
