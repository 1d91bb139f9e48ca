/** How a block's transactions ran, as one page of HTML that needs nothing else. */
import { quantity } from '../../chain/json/transaction-json.ts';
import { count } from '../figures.ts';
import { escapeHtml } from '../page-look.ts';
import { amountOf } from '../terminal-text.ts';
import {
  type BlockExplanation,
  type Conflict,
  type ExplainedTransaction,
  rowsOf,
} from './model.ts';
import { BEHAVIOUR, STYLE } from './page-style.ts';
import { figuresOf, KIND_TEXT, notesOf, time, titleOf, whatOf } from './text.ts';
import { type SpanKind, usefulMs } from './timeline.ts';
import { classOf, timelineSvg } from './timeline-svg.ts';

export function asHtml(explanation: BlockExplanation): string {
  const { hash, transactions, conflicts } = explanation;
  const title = escapeHtml(titleOf(explanation));
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width">',
    `<title>${title}</title><style>${STYLE}</style></head><body>`,
    `<header><h1>${title}</h1><p><code>${hash}</code></p>`,
    ...notesOf(explanation).map((note) => `<p class="note">${escapeHtml(note)}</p>`),
    `<dl>${figuresOf(explanation).map(figurePart).join('')}</dl></header>`,
    `<main><section>${toolsPart(explanation)}${timelinePart(explanation)}</section>`,
    `<section><h2>Transactions</h2>${transactionsPart(transactions)}</section></main>`,
    `<aside><h2>Conflicts</h2>${conflictsPart(conflicts)}</aside>`,
    '<div id="tip" hidden></div>',
    `<script type="application/json" id="data">${dataOf(explanation)}</script>`,
    `<script>${BEHAVIOUR}</script></body></html>\n`,
  ].join('');
}

function figurePart([name, value, note]: readonly [string, string, string]): string {
  return (
    `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>` +
    `<small>${escapeHtml(note)}</small></div>`
  );
}

function toolsPart({ alone }: BlockExplanation): string {
  const kinds = (Object.keys(KIND_TEXT) as SpanKind[]).filter(
    (kind) => alone === undefined || kind === 'head',
  );
  const legend = [...kinds.map((kind) => [classOf(kind), KIND_TEXT[kind]]), CHAIN].map(
    ([name, text]) => `<span><i class="${name}"></i>${text}</span>`,
  );
  return (
    `<div class="tools"><h2>Timeline</h2><p class="legend">${legend.join('')}</p>` +
    '<p class="zoom"><button type="button" data-zoom="-1" aria-label="narrower">−</button>' +
    '<button type="button" data-zoom="0">whole</button>' +
    '<button type="button" data-zoom="1" aria-label="wider">+</button></p></div>'
  );
}

const CHAIN = ['chain', 'on the longest chain'] as const;

function timelinePart(explanation: BlockExplanation): string {
  const { spans, ms, transactions } = explanation;
  if (transactions.length === 0) return '<p>There are no transactions.</p>';
  const labels = Array.from({ length: rowsOf(explanation) }, (_, row) => {
    const useful = usefulMs(spans, row + 1) / ms;
    return `<div>worker ${row + 1}<small>${(100 * useful).toFixed(0)} %</small></div>`;
  });
  return (
    `<div class="timeline"><div class="rows">${labels.join('')}</div>` +
    `<div class="scroll" tabindex="0">${timelineSvg(explanation)}</div></div>`
  );
}

/** Conflicts on a page: what is behind them is cold. */
const CONFLICTS_SHOWN = 200;

function conflictsPart(conflicts: readonly Conflict[]): string {
  if (conflicts.length === 0) {
    return '<p>None: no transaction reads a slot that one before it writes.</p>';
  }
  const most = Math.max(...conflicts.map(involvedIn).map(({ length }) => length));
  const rows = conflicts.slice(0, CONFLICTS_SHOWN).map((conflict, place) => {
    const { address, slot, field, transactions, times, ms, dependents, writers } = conflict;
    const width = (part: readonly number[]) => ((100 * part.length) / most).toFixed(1);
    const what = whatOf(slot, field);
    const notes = [
      ...(field === 'account' ? [] : [`${dependents.length} depend on ${writers} that write it`]),
      ...(times === 0 ? [] : [`sent back ${amountOf(times, 'time')}, ${time(ms)} in vain`]),
    ];
    return (
      `<tr data-c="${place}" tabindex="0"><td class="hot"><b>${transactions.length}</b>` +
      `<small>${field === 'account' ? '' : dependents.length}</small>` +
      `<span style="width:${width(dependents)}%"></span>` +
      `<span class="back" style="width:${width(transactions)}%"></span></td>` +
      `<td><code>${address}</code><code title="${what}">${what}</code>` +
      `<small>${notes.join('; ')}</small></td></tr>`
    );
  });
  const more = conflicts.length - rows.length;
  return (
    '<table><thead><tr><th>sent back <small>depend</small><th>contract, slot or field</tr>' +
    `</thead><tbody>${rows.join('')}</tbody></table>` +
    `${more > 0 ? `<p>And ${more} more: --json has all.</p>` : ''}`
  );
}

function involvedIn({ transactions, dependents }: Conflict): number[] {
  return [...new Set([...transactions, ...dependents])];
}

function transactionsPart(transactions: readonly ExplainedTransaction[]): string {
  const rows = transactions.map(({ index, hash, to, fate, ms, gasUsed, sentBack, ...each }) => {
    const by = sentBack.map(
      ({ address, slot, writer }) =>
        `<code title="${address}">${address.slice(0, 10)}…</code> ${shortSlot(slot)}` +
        `${writer === undefined ? '' : ` <small>written by ${writer}</small>`}`,
    );
    const marks = `${each.isOnLongest ? ' on-chain' : ''}${each.succeeded ? '' : ' failed'}`;
    return (
      `<tr data-i="${index}" class="${marks.trim()}"><td>${index}` +
      `<td><i class="${fate ?? ''}"></i>` +
      `${fate === undefined ? 'not noted' : FATE_TEXT[fate]}<td>${time(ms)}<td>${count(gasUsed)}` +
      `<td>${recipientPart(to)}<td><code title="${hash}">${hash.slice(0, 12)}…</code>` +
      `<td>${by.join('<br>')}</tr>`
    );
  });
  return (
    '<div class="list"><table><thead><tr><th>index<th>executed<th>time<th>gas<th>recipient' +
    `<th>hash<th>sent back by</tr></thead><tbody>${rows.join('')}</tbody></table></div>`
  );
}

function recipientPart(to: ExplainedTransaction['to']): string {
  if (to === undefined) return 'creation';
  return `<code title="${to}">${to.slice(0, 10)}…${to.slice(-6)}</code>`;
}

const FATE_TEXT = { head: 'at the head', kept: 'in advance', again: 'again' } as const;

function shortSlot(slot: bigint | undefined): string {
  const text = whatOf(slot);
  return text.length <= 24 ? text : `<span title="${text}">${text.slice(0, 15)}…</span>`;
}

/** What the page's tips and marks are made of. */
function dataOf({ spans, transactions, conflicts }: BlockExplanation): string {
  const data = {
    spans: spans.map(({ kind, startMs, endMs }) => [
      KIND_TEXT[kind],
      time(startMs),
      time(endMs - startMs),
    ]),
    transactions: transactions.map(({ hash, sender, to, succeeded, gasUsed, sentBack }) => [
      hash,
      sender ?? 'unknown',
      to ?? 'a creation',
      `${count(gasUsed)} gas${succeeded ? '' : ', failed'}`,
      sentBack.map(({ address, slot, writer }) => {
        const by = writer === undefined ? '' : `, written by transaction ${writer}`;
        return `sent back: ${address} ${slot === undefined ? 'the account' : quantity(slot)}${by}`;
      }),
    ]),
    conflicts: conflicts.slice(0, CONFLICTS_SHOWN).map(involvedIn),
  };
  return JSON.stringify(data).replaceAll('<', '\\u003c');
}
