/** What the pages of HTML that commands write have in common: colours, light and dark, and text. */

export const LOOK: string = `
:root{color-scheme:light dark;
--back:#fbfaf7;--front:#1f2328;--soft:#6a6f76;--line:#d9d6cf;--card:#fff;--mark:#fff2c2;
--green:#2f7d6b;--orange:#d0642b;--blue:#4f6fb5;--violet:#8a5fb6;--grey:#b9b3a6;--pale:#e9e5dc}
@media(prefers-color-scheme:dark){:root{--back:#16181b;--front:#e6e4df;--soft:#9a9fa6;
--line:#34383e;--card:#1e2125;--mark:#4a3f14;--green:#58b39d;--orange:#e98a55;--blue:#86a5ea;
--violet:#b794e0;--grey:#5b5f66;--pale:#26292d}}
*{box-sizing:border-box}
body{margin:0;font:14px/1.5 system-ui,sans-serif;color:var(--front);background:var(--back)}
h1{font-size:1.15rem;margin:0 0 .2rem}h2{font-size:1rem;margin:.2rem 0 .4rem}
small{color:var(--soft)}`;

/** Text as it may stand in an element or an attribute in quotes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
