/** Why a genesis file, or a file of a state, is refused; what is no JSON is a `JsonError`. */

import { IronflyError } from '../../base/errors.ts';

export type GenesisFault =
  | 'genesis/unknown field'
  | 'genesis/unknown fork'
  | 'genesis/fork order'
  | 'genesis/unsupported'
  | 'genesis/duplicate'
  | 'genesis/wrong root';

/** `details.path` names the field. */
export class GenesisError extends IronflyError<GenesisFault> {
  constructor(code: GenesisFault, path: string, message: string) {
    super(code, `${path} ${message}`, { details: { path } });
  }
}
