/** Why a block is refused: one name a rule. */

import { type ErrorDetails, IronflyError } from '../../base/errors.ts';

export type BlockFault =
  // what is no block at all
  | 'block/malformed'
  | 'block/too large'
  // the header by itself and beside its parent
  | 'block/unknown parent'
  | 'block/wrong number'
  | 'block/wrong timestamp'
  | 'block/wrong gas limit'
  | 'block/gas used above limit'
  | 'block/extra data too long'
  | 'block/wrong extra data'
  | 'block/wrong difficulty'
  | 'block/wrong nonce'
  | 'block/missing field'
  | 'block/field of another fork'
  | 'block/wrong base fee'
  | 'block/wrong excess blob gas'
  | 'block/wrong blob gas used'
  // the body beside the header
  | 'block/wrong transactions root'
  | 'block/wrong withdrawals root'
  | 'block/wrong uncles hash'
  | 'block/uncle not allowed'
  | 'block/wrong lane order'
  // what execution found
  | 'block/invalid transaction'
  | 'block/system contract missing'
  | 'block/system call failed'
  | 'block/invalid deposit'
  | 'block/wrong gas used'
  | 'block/wrong receipts root'
  | 'block/wrong logs bloom'
  | 'block/wrong requests hash'
  | 'block/wrong access list hash'
  | 'block/access list too long'
  | 'block/wrong state root';

/** A block that breaks a rule; nothing of it was kept. */
export class InvalidBlock extends IronflyError<BlockFault> {
  constructor(code: BlockFault, message: string, details: ErrorDetails = {}) {
    super(code, message, { details });
  }
}

/** @throws InvalidBlock unless both are the same; the message names both values */
export function requireSame<T extends string | bigint>(
  code: BlockFault,
  what: string,
  given: T,
  expected: T,
): void {
  if (given === expected) return;
  throw new InvalidBlock(code, `${what} is ${given}, expected ${expected}`, { given, expected });
}
