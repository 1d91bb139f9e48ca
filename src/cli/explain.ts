/**
 * `ironfly explain`: the compiler made visible: blocks with gas and stack, what was compiled into
 * which function, and how large it became; in the terminal, or as one page of HTML.
 */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { type Block, findBlocks } from '../evm/compiler/blocks.ts';
import { compileContract } from '../evm/compiler/compile.ts';
import { Heat } from '../evm/compiler/regions.ts';
import { findFork } from '../evm/forks/names.ts';
import { readContract } from './contract.ts';

interface ExplainOptions {
  readonly fork: string;
  readonly html?: string;
}

/** Adds the command to the program. */
export function register(program: Command): void {
  program
    .command('explain')
    .description('show how a contract is compiled')
    .argument('<code>', 'hex, a file of hex, or a Foundry or Hardhat artifact')
    .option('--fork <name>', 'rules to compile by', 'osaka')
    .option('--html <file>', 'write one self-contained page instead')
    .action(explain);
}

interface Explained {
  readonly block: Block;
  readonly gas: number;
  readonly isHeader: boolean;
}

function explain(given: string, options: ExplainOptions): void {
  const fork = findFork(options.fork);
  if (fork === undefined) throw new TypeError(`${options.fork} is not a fork`);
  const { name, code } = readContract(given);
  const started = performance.now();
  const result = compileContract(code, { fork, shared: false });
  const ms = performance.now() - started;
  const blocks = findBlocks(code, fork);
  const heat = new Heat(code, blocks, undefined);
  const explained = blocks.map((block) => ({
    block,
    gas: block.instructions.reduce((sum, { gas }) => sum + gas, 0),
    isHeader: heat.isHeader(block.pc),
  }));
  const summary =
    'refused' in result
      ? `stays interpreted: ${result.refused} (${result.actual}, the limit is ${result.limit})`
      : `${result.bytes.length} bytes of wasm, ` +
        `${(result.bytes.length / Math.max(code.length, 1)).toFixed(1)} a byte of code, ` +
        `in ${ms.toFixed(1)} ms; ${result.slots.length} functions`;
  const title = `${name}: ${code.length} bytes, ${blocks.length} blocks`;
  if (options.html === undefined) process.stdout.write(asText(title, summary, explained));
  else writeFileSync(options.html, asHtml(title, summary, explained));
}

function describe({ block, gas, isHeader }: Explained): string {
  const role = isHeader ? ', loop header' : block.isJumpDestination ? ', JUMPDEST' : '';
  const change = `${block.delta >= 0 ? '+' : ''}${block.delta}`;
  const stack = `needs ${block.need}, grows ${block.growth}, ${change}`;
  return `block ${block.pc}${role}: ${gas} gas, ${stack}`;
}

function instructionsOf({ block }: Explained): string[] {
  return block.instructions.map(({ pc, row, gas }) => `${pc} ${row.name} (${gas})`);
}

function asText(title: string, summary: string, blocks: readonly Explained[]): string {
  const body = blocks.map((explained) =>
    [describe(explained), ...instructionsOf(explained).map((line) => `    ${line}`)].join('\n'),
  );
  return `${title}\n${summary}\n\n${body.join('\n')}\n`;
}

const STYLE = `body{font:14px/1.5 system-ui,sans-serif;margin:2rem;color:#1b1f24;background:#fff}
h1{font-size:1.3rem}details{border:1px solid #d0d7de;border-radius:6px;
margin:.4rem 0;padding:.3rem .7rem}
summary{cursor:pointer;
font-family:ui-monospace,monospace}.header summary{color:#9a3412}
ol{list-style:none;padding-left:1rem;font-family:ui-monospace,monospace;columns:3 14rem}`;

function asHtml(title: string, summary: string, blocks: readonly Explained[]): string {
  const body = blocks.map((explained) => {
    const items = instructionsOf(explained).map((line) => `<li>${escapeHtml(line)}</li>`);
    const kind = explained.isHeader ? ' class="header"' : '';
    const head = `<summary>${escapeHtml(describe(explained))}</summary>`;
    return `<details${kind}>${head}<ol>${items.join('')}</ol></details>`;
  });
  const head = `<meta charset="utf-8"><title>${escapeHtml(title)}</title><style>${STYLE}</style>`;
  const top = `<h1>${escapeHtml(title)}</h1><p>${escapeHtml(summary)}</p>`;
  return `<!doctype html><html lang="en">${head}${top}${body.join('\n')}</html>\n`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
