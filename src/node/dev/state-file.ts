/** A development chain's state as Anvil writes and reads it, with what was set by hand. */

import { anvilState } from '../../chain/anvil-files/write-state.ts';
import { RpcError } from '../rpc/errors.ts';
import type { DevParts } from './dev-node.ts';

/** The file's text in UTF-8. Nothing may be mined meanwhile. */
export async function stateFile({ chain, database }: DevParts): Promise<Uint8Array> {
  if (database === undefined) {
    const message = 'the state of a forked chain is in part elsewhere: it cannot be dumped';
    throw new RpcError('method not supported', message);
  }
  const { edits, ledger } = chain;
  const { texts } = await anvilState(database, ledger.head.hash, { edits });
  const parts: Buffer[] = [];
  for await (const text of texts) parts.push(Buffer.from(text));
  return Buffer.concat(parts);
}
