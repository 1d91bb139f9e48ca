/** Why a server does not start. */

import { IronflyError } from '../../base/errors.ts';

export type ServerFault =
  | 'server/cannot listen'
  | 'server/in use'
  | 'server/wrong secret'
  | 'server/unknown namespace'
  | 'server/wrong origin';

export class ServerError extends IronflyError<ServerFault> {}
