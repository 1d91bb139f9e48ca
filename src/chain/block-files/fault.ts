/** Why a file of blocks is refused. */

import { IronflyError } from '../../base/errors.ts';

export type BlockFileFault =
  | 'block file/malformed'
  | 'block file/cut short'
  | 'block file/too large'
  | 'block file/hash differs';

export class BlockFileError extends IronflyError<BlockFileFault> {}
