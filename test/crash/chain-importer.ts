/**
 * Imports prepared blocks into a folder's database, from where it was left, until it is killed;
 * prints each block that was answered, each choice of a head, and at the end `done`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fromHex } from '../../src/base/bytes.ts';
import { decodeBlock } from '../../src/chain/blocks/block.ts';
import { Chain } from '../../src/chain/chain.ts';
import { createInFolder, openFolder } from '../../src/chain/database/folder.ts';
import { Machines } from '../../src/chain/machines.ts';
import type { Hash } from '../../src/evm/types.ts';
import { LIMITS, prepareGenesis, SPEC } from './prepared-chain.ts';

/** As the parent writes them to a file. */
export type WrittenBlock = readonly [rlp: string, hash: Hash, isHead: boolean];

const [folder = '', list = ''] = process.argv.slice(2);
const blocks = JSON.parse(readFileSync(list, 'utf8')) as WrittenBlock[];
const { genesis, state } = prepareGenesis();
const tree = existsSync(folder)
  ? await openFolder(folder, LIMITS)
  : await createInFolder(folder, genesis, state.asChanges(), LIMITS);
const chain = new Chain({
  spec: SPEC,
  tree,
  machines: new Machines({ engine: 'interpreter' }),
});
say('opened');
const height = (hash: Hash): bigint => chain.known(hash)?.header.number ?? 0n;
let earlier: Promise<void> = Promise.resolve();
for (const [rlp, hash, isHead] of blocks) {
  // Two at a time are on their way: the log takes both with one sync.
  const before = earlier;
  earlier = importOne(fromHex(rlp), hash, isHead);
  await before;
}
await earlier;
await tree.close();
say('done');

async function importOne(rlp: Uint8Array, hash: Hash, isHead: boolean): Promise<void> {
  const isNew = tree.known(hash) === undefined;
  if (isNew) {
    // A branch that was left goes with the window, and nothing can be built there any more.
    const { number } = decodeBlock(rlp).header;
    if (!isHead && number <= tree.oldest.header.number) return;
    await chain.importBlock(rlp);
  }
  // What was there says nothing: each process comes as far as the one before, and on.
  if (isNew) say(`imported ${hash}`);
  if (!isHead || height(chain.head.hash) >= height(hash)) return;
  await chain.setHead(hash);
  say(`head ${hash}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
