/** Why a chain's database refuses. */

import { IronflyError } from '../../base/errors.ts';

export type DatabaseFault =
  | 'database/damaged'
  | 'database/incomplete'
  | 'database/exists'
  | 'database/missing'
  | 'database/another chain'
  | 'database/in use'
  | 'database/failed'
  | 'database/busy'
  | 'database/no state'
  | 'database/archive';

export class DatabaseError extends IronflyError<DatabaseFault> {}
