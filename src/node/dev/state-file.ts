/** A development chain's state as Anvil writes and reads it, with what was set by hand. */

import { anvilState } from '../../chain/anvil-files/write-state.ts';
import type { DevParts } from './dev-node.ts';

/** The file's text in UTF-8. Nothing may be mined meanwhile. */
export async function stateFile({ chain, database }: DevParts): Promise<Uint8Array> {
  const { edits, ledger } = chain;
  const { texts } = await anvilState(database, ledger.head.hash, { edits });
  const parts: Buffer[] = [];
  for await (const text of texts) parts.push(Buffer.from(text));
  return Buffer.concat(parts);
}
