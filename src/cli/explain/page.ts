/** An explanation as one page of HTML that needs nothing else. */
import { escapeHtml } from '../page-look.ts';
import { regionSvg } from './graph.ts';
import type { ExplainedBlock, ExplainedRegion, Explanation } from './model.ts';
import { BEHAVIOUR, STYLE } from './page-style.ts';
import { describeBlock, summaryOf, titleOf } from './text.ts';

/** Characters of wasm text on a page; what is beyond is left to `--wasm`. */
const WASM_CHARACTERS_MAX = 4_000_000;

export function asHtml(explanation: Explanation): string {
  const { regions, blocks } = explanation;
  const byPc = new Map(blocks.map((explained) => [explained.block.pc, explained]));
  let room = WASM_CHARACTERS_MAX;
  const parts = regions.map((region) => {
    const wasm = room > 0 ? region.wasm() : undefined;
    room -= wasm?.length ?? 0;
    return regionPart(region, byPc, wasm);
  });
  const title = escapeHtml(titleOf(explanation));
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width">',
    `<title>${title}</title><style>${STYLE}</style></head><body>`,
    '<svg width="0" height="0" aria-hidden="true"><defs><marker id="tip" viewBox="0 0 8 8" ',
    'refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">',
    '<path d="M0 0L8 4L0 8z"/></marker></defs></svg>',
    `<header><h1>${title}</h1>`,
    ...summaryOf(explanation).map((line) => `<p>${escapeHtml(line)}</p>`),
    codeBar(explanation),
    `</header><nav>${regions.map(regionLink).join('')}</nav><main>${parts.join('\n')}</main>`,
    `<aside><h2>Blocks</h2>${blocks.map(blockPart).join('\n')}</aside>`,
    `<script>${BEHAVIOUR}</script></body></html>\n`,
  ].join('');
}

/** The code from its first byte to its last, by what became of it. */
function codeBar({ blocks, codeBytes }: Explanation): string {
  const parts = blocks.map(({ block, interpreted, isHeader }) => {
    const percent = (bytes: number) => ((100 * bytes) / codeBytes).toFixed(3);
    const kind = interpreted !== undefined ? 'left' : isHeader ? 'loop' : 'compiled';
    const label = `block ${block.pc}: ${interpreted ?? 'compiled'}`;
    return (
      `<rect class="${kind}" data-pc="${block.pc}" x="${percent(block.pc)}" ` +
      `width="${percent(block.next - block.pc)}" height="10">` +
      `<title>${escapeHtml(label)}</title></rect>`
    );
  });
  const legend = [
    ['compiled', 'compiled'],
    ['loop', 'header of a loop'],
    ['left', 'left to the interpreter'],
    ['data', 'not reached'],
  ].map(([kind, text]) => `<span class="${kind}"></span>${text}`);
  return (
    `<svg class="code" viewBox="0 0 100 10" preserveAspectRatio="none">` +
    `<rect class="data" width="100" height="10"/>${parts.join('')}</svg>` +
    `<p class="legend">${legend.join(' ')}</p>`
  );
}

function regionLink({ report }: ExplainedRegion, index: number): string {
  const { root, nodes, bytes } = report;
  return (
    `<button type="button" data-region="${root}"${index === 0 ? ' aria-current="true"' : ''}>` +
    `<b>region ${root}</b><small>${nodes.length} nodes, ${bytes} bytes</small></button>`
  );
}

function regionPart(
  region: ExplainedRegion,
  blocks: ReadonlyMap<number, ExplainedBlock>,
  wasm: string | undefined,
): string {
  const { report, codeBytes } = region;
  const { root, nodes, bytes, repeats, exits } = report;
  const known = [...new Set(exits.filter(({ pc }) => pc >= 0).map(({ pc }) => pc))];
  const unknown = exits.filter(({ pc }) => pc < 0).length;
  const ways = [
    ...known.sort((a, b) => a - b).map((pc) => `<a href="#block-${pc}" data-pc="${pc}">${pc}</a>`),
    ...(unknown === 0 ? [] : [`${unknown} where only the run knows`]),
  ];
  const text =
    wasm === undefined
      ? 'left out, since the page is large: ironfly explain --wasm prints it'
      : escapeHtml(wasm);
  const leaves = ways.length === 0 ? '' : ` Leaves to ${ways.join(', ')}.`;
  return (
    `<section data-region="${root}"><h2>Region ${root}</h2>` +
    `<p>${nodes.length} nodes, ${codeBytes} bytes of code, ${bytes} of wasm; ${repeats} loops ` +
    `assembled again until their merges agreed.${leaves}</p>` +
    `<div class="graph">${regionSvg(region, blocks)}</div>` +
    `<details><summary>WebAssembly</summary><pre>${text}</pre></details></section>`
  );
}

function blockPart(explained: ExplainedBlock): string {
  const { block, interpreted, regions } = explained;
  const items = block.instructions.map(
    ({ pc, row, gas }) => `<li><i>${pc}</i> ${row.name} <i>${gas}</i></li>`,
  );
  const fate =
    interpreted === undefined
      ? `compiled in region ${regions.join(', ')}`
      : `interpreted: ${interpreted}`;
  return (
    `<details id="block-${block.pc}" class="${interpreted === undefined ? 'compiled' : 'left'}">` +
    `<summary>${escapeHtml(describeBlock(explained))}</summary>` +
    `<p>${escapeHtml(fate)}</p><ol>${items.join('')}</ol></details>`
  );
}
