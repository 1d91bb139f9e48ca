/** What the machine's final statuses mean to users. */
import * as layout from '../layout.ts';
import type { HaltReason } from '../types.ts';

const HALTS: Readonly<Record<number, HaltReason>> = {
  [layout.STATUS_OUT_OF_GAS]: 'out of gas',
  [layout.STATUS_INVALID_OPCODE]: 'invalid opcode',
  [layout.STATUS_STACK_UNDERFLOW]: 'stack underflow',
  [layout.STATUS_STACK_OVERFLOW]: 'stack overflow',
  [layout.STATUS_BAD_JUMP]: 'bad jump destination',
  [layout.STATUS_STATIC_VIOLATION]: 'static state change',
  [layout.STATUS_RETURN_DATA_OUT_OF_BOUNDS]: 'return data out of bounds',
  [layout.STATUS_CREATE_COLLISION]: 'create collision',
  [layout.STATUS_CODE_TOO_LARGE]: 'code too large',
  [layout.STATUS_INVALID_CODE_PREFIX]: 'invalid code prefix',
  [layout.STATUS_INIT_CODE_TOO_LARGE]: 'init code too large',
  [layout.STATUS_NONCE_OVERFLOW]: 'nonce overflow',
  [layout.STATUS_PRECOMPILE_FAILURE]: 'precompile failure',
};

/** Why a frame halted; undefined when it stopped, returned or reverted. */
export function haltReason(status: number): HaltReason | undefined {
  return HALTS[status];
}

/** Whether a frame that ended with this status did what it was to. */
export function isSuccess(status: number): boolean {
  return (
    status === layout.STATUS_STOP ||
    status === layout.STATUS_RETURN ||
    status === layout.STATUS_SELFDESTRUCT
  );
}
