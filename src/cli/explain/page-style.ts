/** How the page of an explanation looks, in light and in dark, and how it answers to clicks. */

import { LOOK } from '../page-look.ts';

export const STYLE: string = `${LOOK}
:root{--compiled:var(--green);--loop:var(--orange);--merge:var(--blue);--left:var(--grey);
--data:var(--pale)}
a{color:var(--compiled)}
body{display:grid;grid-template:auto 1fr/13rem minmax(0,1fr) 24rem;height:100vh}
header{grid-column:1/-1;padding:1rem 1.2rem .4rem;border-bottom:1px solid var(--line)}
header p{margin:0;color:var(--soft)}
svg.code{display:block;width:100%;height:18px;margin:.6rem 0 .3rem;border-radius:4px}
svg.code rect{cursor:pointer}
.legend span{display:inline-block;width:.8em;height:.8em;margin:0 .3em 0 .8em;border-radius:2px}
rect.compiled,.legend .compiled{fill:var(--compiled);background:var(--compiled)}
rect.loop,.legend .loop{fill:var(--loop);background:var(--loop)}
rect.left,.legend .left{fill:var(--left);background:var(--left)}
rect.data,.legend .data{fill:var(--data);background:var(--data)}
nav,main,aside{overflow:auto;padding:.8rem}
nav{border-right:1px solid var(--line)}aside{border-left:1px solid var(--line)}
nav button{display:block;width:100%;text-align:left;font:inherit;color:inherit;background:none;
border:0;border-radius:6px;padding:.3rem .5rem;cursor:pointer}
nav button:hover,nav button[aria-current]{background:var(--card)}
nav button[aria-current]{box-shadow:inset 3px 0 var(--compiled)}
small{display:block}
section{display:none}section.shown{display:block}section p{color:var(--soft)}
.graph{overflow:auto;background:var(--card);border:1px solid var(--line);border-radius:8px;
padding:1rem;max-height:70vh}
.graph svg{display:block;margin:auto}
.edge{fill:none;stroke:var(--soft);stroke-width:1.3}.edge.back{stroke:var(--loop);stroke-width:1.8}
#tip path{fill:var(--soft)}
.node{cursor:pointer}.node rect{fill:var(--back);stroke:var(--compiled);stroke-width:1.4}
.node.root rect{stroke-width:3}.node.loop rect{stroke:var(--loop)}
.node.merge rect{stroke:var(--merge)}
.node.chosen rect{fill:var(--mark)}
.node text{font:600 13px ui-monospace,monospace;fill:var(--front)}
.node text.small{font-weight:400;font-size:10.5px;fill:var(--soft)}
pre,ol,aside summary{font:12px/1.45 ui-monospace,monospace}
pre{overflow:auto;max-height:60vh;background:var(--card);border:1px solid var(--line);padding:.8rem;
border-radius:8px}
aside details{border:1px solid var(--line);border-left:3px solid var(--compiled);border-radius:5px;
background:var(--card);margin:.3rem 0;padding:.2rem .5rem}
aside details.left{border-left-color:var(--left)}aside details.chosen{background:var(--mark)}
summary{cursor:pointer}aside p{margin:.2rem 0;color:var(--soft)}
ol{list-style:none;margin:.2rem 0;padding:0;columns:2}i{color:var(--soft);font-style:normal}
@media(max-width:1000px){body{display:block;height:auto}nav{border:0}aside{border:0}}
`;

/** Shows one region at a time, and the block that is clicked. */
export const BEHAVIOUR: string = `
const all = (selector) => document.querySelectorAll(selector);
function showRegion(root) {
  for (const part of all('section')) part.classList.toggle('shown', part.dataset.region === root);
  for (const link of all('nav button')) {
    if (link.dataset.region === root) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
  // A wide graph begins at its entry, which is not at its left.
  const entry = document.querySelector('section.shown .node.root');
  if (entry !== null) entry.scrollIntoView({ block: 'nearest', inline: 'center' });
}
function showBlock(pc) {
  for (const part of all('.chosen')) part.classList.remove('chosen');
  for (const node of all('.node[data-pc="' + pc + '"]')) node.classList.add('chosen');
  const block = document.getElementById('block-' + pc);
  if (block === null) return;
  block.open = true;
  block.classList.add('chosen');
  block.scrollIntoView({ block: 'nearest' });
}
document.addEventListener('click', (event) => {
  const part = event.target.closest('[data-pc], nav button');
  if (part === null) return;
  if (part.dataset.region !== undefined) showRegion(part.dataset.region);
  else {
    event.preventDefault();
    showBlock(part.dataset.pc);
  }
});
document.addEventListener('keydown', (event) => {
  const node = event.target.closest('.node');
  if (event.key === 'Enter' && node !== null) showBlock(node.dataset.pc);
});
const first = document.querySelector('section');
if (first !== null) showRegion(first.dataset.region);
`;
