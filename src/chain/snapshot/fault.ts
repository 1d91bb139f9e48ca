/** Why a snapshot is refused. */

import { IronflyError } from '../../base/errors.ts';

export type SnapshotFault =
  | 'snapshot/foreign'
  | 'snapshot/version'
  | 'snapshot/damaged'
  | 'snapshot/cut'
  | 'snapshot/wrong root'
  | 'snapshot/exists'
  | 'snapshot/moved';

export class SnapshotError extends IronflyError<SnapshotFault> {}
