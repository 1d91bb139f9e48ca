/** How the page of a block looks, in light and in dark, and how it answers. */
import { LOOK } from '../page-look.ts';
import { AXIS_HEIGHT, ROW_HEIGHT, ZOOMS } from './timeline-svg.ts';

export const STYLE: string = `${LOOK}
:root{--head:var(--blue);--kept:var(--green);--again:var(--orange);--vain:#e9b69c;--off:#c9b3e0;
--looks:#c9a227;--asks:var(--violet);--sleeps:var(--pale);--hosts:var(--grey)}
@media(prefers-color-scheme:dark){:root{--vain:#7d4a30;--off:#5d4a78;--looks:#d9b949}}
body{display:grid;grid-template-columns:minmax(0,1fr) 31rem;min-height:100vh;align-content:start}
header{grid-column:1/-1;padding:1rem 1.2rem .8rem;border-bottom:1px solid var(--line)}
header p{margin:0;color:var(--soft)}header p.note{color:var(--orange);font-weight:600}
code{font:12px/1.45 ui-monospace,monospace}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(7.9rem,1fr));gap:.5rem;
margin:.8rem 0 0}
dl div{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.45rem .7rem}
dt{color:var(--soft);font-size:.85rem}dd{margin:0;font-size:1.2rem;font-weight:600}
dl small{display:block;line-height:1.3}
main,aside{padding:.8rem 1.2rem}aside{border-left:1px solid var(--line)}
.tools{display:flex;flex-wrap:wrap;gap:.2rem 1rem;align-items:baseline}
.legend{margin:0;flex:1;color:var(--soft);display:flex;flex-wrap:wrap;gap:0 1rem}
.legend span{white-space:nowrap}
i{display:inline-block;width:.8em;height:.8em;margin-right:.4em;border-radius:2px}
.zoom{margin:0;white-space:nowrap}
button{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);
border-radius:6px;padding:0 .6rem;margin-left:.25rem;cursor:pointer}
.timeline{display:flex;background:var(--card);border:1px solid var(--line);border-radius:8px;
margin:.4rem 0 1rem;overflow:hidden}
.rows{flex:none;padding-top:${AXIS_HEIGHT}px;border-right:1px solid var(--line)}
.rows div{height:${ROW_HEIGHT}px;padding:4px .7rem;line-height:1.15;white-space:nowrap}
.rows small{display:block;text-align:right}
.scroll{flex:1;overflow-x:auto;overflow-y:hidden}
#timeline{display:block;min-width:100%}
.ticks{display:none}.ticks.shown{display:inline}
.ticks line{stroke:var(--line)}.ticks text{fill:var(--soft);font-size:11px}
#timeline rect.wide{stroke:var(--card);stroke-width:.6}
#timeline text.n{fill:var(--card);font:600 11px ui-monospace,monospace;text-anchor:middle;
pointer-events:none;display:none}
#timeline text.n.shown{display:inline}
rect.head{fill:var(--head)}i.head{background:var(--head)}
rect.kept{fill:var(--kept)}i.kept{background:var(--kept)}
rect.again{fill:var(--again)}i.again{background:var(--again)}
rect.in-vain{fill:var(--vain)}i.in-vain{background:var(--vain)}
rect.put-off{fill:var(--off)}i.put-off{background:var(--off)}
rect.looks{fill:var(--looks)}i.looks{background:var(--looks)}
rect.asks{fill:var(--asks)}i.asks{background:var(--asks)}
rect.sleeps{fill:var(--sleeps)}i.sleeps{background:var(--sleeps);border:1px solid var(--line)}
rect.hosts{fill:var(--hosts)}i.hosts{background:var(--hosts)}
#timeline rect.chain{fill:var(--front);stroke:none;pointer-events:none}
i.chain{background:var(--front);height:.25em;vertical-align:middle}
.choosing #timeline rect[data-s]:not(.chosen){opacity:.18}
.choosing #timeline rect.chain,.choosing #timeline text.n{opacity:.18}
#timeline rect.chosen{stroke:var(--front);stroke-width:1}
table{border-collapse:collapse;width:100%}
th{text-align:left;font-weight:400;color:var(--soft);background:var(--back);position:sticky;top:0}
th,td{padding:.25rem .5rem .25rem 0;vertical-align:top;border-bottom:1px solid var(--line)}
tr{cursor:pointer}tr.chosen td{background:var(--mark)}
.list{max-height:60vh;overflow:auto}.list td{white-space:nowrap}
.list td:first-child,.list td:nth-child(3),.list td:nth-child(4){text-align:right}
.list th:first-child,.list th:nth-child(3),.list th:nth-child(4){text-align:right}
.list th,.list td{padding-right:1.2rem}
tr.failed td:nth-child(4){color:var(--again)}
tr.on-chain td:first-child{box-shadow:inset 3px 0 var(--front)}
aside td code{display:block;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
aside table{table-layout:fixed}aside th:first-child{width:8.4rem;white-space:nowrap}
aside td:last-child small{display:block}
.hot b{font-size:1.1rem;margin-right:.5rem}.hot span{display:block;height:4px;margin-top:2px;
background:var(--grey);border-radius:2px}.hot span.back{background:var(--again)}
#tip{position:fixed;z-index:1;pointer-events:none;background:var(--card);color:var(--front);
border:1px solid var(--line);border-radius:6px;padding:.4rem .6rem;max-width:40rem;
box-shadow:0 3px 12px #0004;font:12px/1.5 ui-monospace,monospace;overflow-wrap:anywhere;
white-space:pre-wrap}
@media(max-width:1050px){body{display:block}aside{border:0}}
`;

/** Zooms, tips, and what is marked: a transaction, or those of a conflict. */
export const BEHAVIOUR: string = `
const all = (selector) => document.querySelectorAll(selector);
const data = JSON.parse(document.getElementById('data').textContent);
const svg = document.getElementById('timeline');
const scroll = document.querySelector('.scroll');
const tip = document.getElementById('tip');
const zooms = ${JSON.stringify(ZOOMS)};
const WIDE = 5;
let zoom = 0;
function draw() {
  svg.style.width = 100 * zooms[zoom] + '%';
  const width = svg.getBoundingClientRect().width;
  // A line around them would hide those that are narrow.
  for (const bar of all('rect[data-s]')) {
    const percent = Number.parseFloat(bar.getAttribute('width'));
    bar.classList.toggle('wide', (percent * width) / 100 > WIDE);
  }
  for (const ticks of all('.ticks')) {
    ticks.classList.toggle('shown', Number(ticks.dataset.zoom) === zooms[zoom]);
  }
  for (const text of all('text.n')) {
    const room = (Number(text.dataset.w) * width) / 100;
    text.classList.toggle('shown', room > 7 * text.textContent.length + 6);
  }
}
function zoomTo(next, at) {
  if (next === zoom || next < 0 || next >= zooms.length) return;
  const share = (scroll.scrollLeft + at) / svg.getBoundingClientRect().width;
  zoom = next;
  draw();
  scroll.scrollLeft = share * svg.getBoundingClientRect().width - at;
}
function choose(indices) {
  const chosen = new Set(indices.map(String));
  document.body.classList.toggle('choosing', chosen.size > 0);
  for (const part of all('[data-i]')) part.classList.toggle('chosen', chosen.has(part.dataset.i));
  const bars = [...all('rect.chosen')].map((bar) => bar.getBoundingClientRect());
  const { left, right } = scroll.getBoundingClientRect();
  if (bars.length === 0 || bars.some((bar) => bar.right > left && bar.left < right)) return;
  scroll.scrollLeft += Math.min(...bars.map((bar) => bar.left)) - left - 40;
}
function chooseConflict(row) {
  for (const other of all('tr[data-c]')) other.classList.toggle('chosen', other === row);
  choose(row === undefined ? [] : data.conflicts[row.dataset.c]);
}
function listRow(index) {
  const list = document.querySelector('.list');
  const row = document.querySelector('tr[data-i="' + index + '"]');
  list.scrollTop = row.offsetTop - list.clientHeight / 2;
}
function show(part, event) {
  const [kind, start, took] = data.spans[part.dataset.s];
  const lines = [kind + ', ' + took + ', from ' + start + ' on'];
  if (part.dataset.i !== undefined) {
    const [hash, from, to, gas, sentBack] = data.transactions[part.dataset.i];
    lines.unshift('transaction ' + part.dataset.i + '  ' + gas);
    lines.push('hash ' + hash, 'from ' + from, 'to   ' + to, ...sentBack);
  }
  tip.textContent = lines.join('\\n');
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const left = Math.max(4, Math.min(event.clientX + 14, innerWidth - width - 8));
  const below = event.clientY + 18;
  tip.style.left = left + 'px';
  tip.style.top = (below + height > innerHeight ? event.clientY - height - 12 : below) + 'px';
}
document.addEventListener('pointermove', (event) => {
  const part = event.target.closest && event.target.closest('rect[data-s]');
  if (part) show(part, event);
  else tip.hidden = true;
});
document.addEventListener('click', (event) => {
  const part = event.target.closest('button[data-zoom], tr[data-c], [data-i], #timeline');
  if (part === null) return;
  const { zoom: step, c, i } = part.dataset;
  if (part.matches('button')) {
    zoomTo(step === '0' ? 0 : zoom + Number(step), scroll.clientWidth / 2);
  } else if (c !== undefined) {
    chooseConflict(part.classList.contains('chosen') ? undefined : part);
  } else {
    chooseConflict(undefined);
    if (i === undefined) return;
    choose([i]);
    if (part.matches('rect')) listRow(i);
  }
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') chooseConflict(undefined);
  const row = event.target.closest('tr[data-c]');
  if (event.key === 'Enter' && row !== null) chooseConflict(row);
});
if (svg !== null) {
  scroll.addEventListener(
    'wheel',
    (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      const at = event.clientX - scroll.getBoundingClientRect().left;
      zoomTo(zoom + (event.deltaY < 0 ? 1 : -1), at);
    },
    { passive: false },
  );
  addEventListener('resize', draw);
  draw();
}
`;
