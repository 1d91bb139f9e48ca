/** Why a state is not written for Anvil. */

import { IronflyError } from '../../base/errors.ts';

export class AnvilFileError extends IronflyError<'anvil file/moved'> {}
