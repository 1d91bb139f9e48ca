/** Applies blocks and writes checkpoints until it is killed; prints each that is done. */
import { FlatState } from '../../src/state/flat/flat-state.ts';
import { LmdbStore } from '../../src/state/store/lmdb-store.ts';
import { blockOf } from './blocks.ts';

const [folder = ''] = process.argv.slice(2);
const store = await LmdbStore.open({ folder });
const state = new FlatState({ store, trieBytes: 100_000 });
for (let number = state.checkpointed?.number ?? 0n; ; ) {
  for (let count = 0; count < 3; count++) {
    number += 1n;
    state.apply(blockOf(number));
  }
  await state.checkpoint({ block: `0x${'00'.repeat(32)}`, number, record: number });
  process.stdout.write(`${number}\n`);
  await new Promise(setImmediate);
}
