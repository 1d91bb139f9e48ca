/** What `ironfly explain` says agrees with itself, and its page needs nothing but itself. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { layOut } from './layout.ts';
import { explain } from './model.ts';
import { asHtml } from './page.ts';
import { countJumps } from './profile.ts';
import { asText } from './text.ts';

/** Counts down from 5 in a loop from 2 on that calls a function at 18, which returns to 8. */
const LOOP = Uint8Array.fromHex('60055b60086012565b6001900380600257005b60015056fe');
const ALL = { blocks: true, wasm: true };

function explained(code: Uint8Array, profile?: ReadonlyMap<number, number>) {
  return explain({ name: 'test', code, fork: 'osaka', profile });
}

describe('the model', () => {
  test('each block is in a region, or there is a reason why not', () => {
    const { blocks, regions } = explained(LOOP);
    const roots = new Set(regions.map(({ report }) => report.root));
    expect(blocks.length).toBeGreaterThan(3);
    for (const { regions: held, interpreted } of blocks) {
      expect(held.length > 0).toBe(interpreted === undefined);
      for (const root of held) expect(roots).toContain(root);
    }
  });

  test('the counts of a run decide, and code that never ran says so', async () => {
    // Jumps over a second part: PUSH1 6 JUMP; JUMPDEST STOP at 3; JUMPDEST STOP at 6.
    const code = Uint8Array.fromHex('6006565b005b5b00');
    const profile = await countJumps(code, 'osaka', new Uint8Array());
    expect([...profile]).toEqual([[6, 1]]);
    const byPc = new Map(explained(code, profile).blocks.map((found) => [found.block.pc, found]));
    expect(byPc.get(6)?.interpreted).toBeUndefined();
    expect(byPc.get(6)?.count).toBe(1);
    expect(byPc.get(3)?.interpreted).toBe('the run hardly jumped to it');
  });

  test('a contract that is refused says by which limit', () => {
    const { refusal, blocks } = explained(new Uint8Array(20_000).fill(0x5b));
    expect(refusal).toMatchObject({ refused: 'too many blocks', actual: 20_000 });
    expect(blocks[7]?.interpreted).toContain('too many blocks (20000, the limit is 16384)');
  });

  test('a block that always fails, and one that is too large, say so', () => {
    const spilling = `${'475a03'.repeat(700)}${'50'.repeat(700)}`;
    const large = explained(Uint8Array.fromHex(spilling));
    expect(large.blocks[0]?.interpreted).toBe('its function would be too large');
    const failing = explained(new Uint8Array(2_000).fill(0x5a));
    expect(failing.blocks[0]?.interpreted).toContain('it always fails');
  });

  test('no code is no error', () => {
    const text = asText(explained(new Uint8Array()), ALL);
    expect(text).toContain('0 bytes');
    expect(text).toContain('empty');
  });
});

test('the text has the graph, the instructions and the wasm', () => {
  const text = asText(explained(LOOP), ALL);
  expect(text).toMatch(/^region 0: \d+ nodes/m);
  expect(text).toMatch(/block 2 +loop +\d+ gas/);
  expect(text).toContain('    2 JUMPDEST (1)');
  expect(text).toContain('(func $"region 0"');
});

test('the page loads nothing and escapes what it was given', () => {
  const html = asHtml({ ...explained(LOOP), name: '<img onerror=alert(1)>' });
  expect(html).not.toContain('<img');
  expect(html).not.toMatch(/https?:|src=|@import|url\((?!#)/);
  expect(html.match(/<section/g)?.length).toBe(explained(LOOP).regions.length);
  for (const { block } of explained(LOOP).blocks) expect(html).toContain(`id="block-${block.pc}"`);
});

test('nodes lie below what leads to them, and never upon another', () => {
  const graphs = fc
    .integer({ min: 1, max: 40 })
    .chain((size) =>
      fc.array(fc.array(fc.nat(size - 1), { maxLength: 2 }), { minLength: size, maxLength: size }),
    );
  fc.assert(
    fc.property(graphs, (successors) => {
      const options = { nodeWidth: 100, nodeHeight: 40, gap: 20 };
      const { nodes, edges, width, height } = layOut(successors, options);
      for (const { from, to, points } of edges) {
        expect(points.length === 0).toBe(to <= from);
        if (to > from) expect(nodes[to]?.y).toBeGreaterThan(nodes[from]?.y ?? 0);
      }
      nodes.forEach((a, i) => {
        expect(a.x).toBeGreaterThanOrEqual(50);
        expect(a.x).toBeLessThanOrEqual(width - 50);
        expect(a.y).toBeLessThanOrEqual(height);
        for (const b of nodes.slice(i + 1)) {
          if (a.y === b.y) expect(Math.abs(a.x - b.x)).toBeGreaterThanOrEqual(119.999);
        }
      });
    }),
    { numRuns: 60 },
  );
});

test('the command writes the page, and refuses by name', () => {
  const bin = fileURLToPath(new URL('../../../bin/ironfly.mjs', import.meta.url));
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [bin, 'explain', ...args], { encoding: 'utf8' });
  const folder = mkdtempSync(join(tmpdir(), 'ironfly-explain-'));
  try {
    const page = join(folder, 'page.html');
    expect(run(LOOP.toHex(), '--html', page).stderr).toContain(page);
    expect(readFileSync(page, 'utf8')).toMatch(/^<!doctype html>.*<\/html>\n$/s);
    expect(run(LOOP.toHex(), '--html', join(folder, 'none', 'page.html')).status).toBe(1);
    const refused = run('00', '--fork', 'atlantis');
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain('atlantis is not a fork; the forks are frontier');
    expect(run('00', '--input', '0xzz').stderr).toContain('0xzz is not hex');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
