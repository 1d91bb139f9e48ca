/** Errors between threads: what clients are told by them is the same on both sides. */

import { FOREIGN_CODE, fromPlain, type PlainError, toPlain } from '../../../base/errors.ts';
import { RpcError } from '../../rpc/errors.ts';

export type PlainFault =
  | {
      readonly kind: 'rpc';
      readonly code: number;
      readonly message: string;
      readonly data: unknown;
    }
  | { readonly kind: 'other'; readonly error: PlainError };

export function plainFault(error: unknown): PlainFault {
  if (!(error instanceof RpcError)) return { kind: 'other', error: toPlain(error) };
  const { code, message, data } = error;
  return { kind: 'rpc', code, message, data };
}

export function faultOf(fault: PlainFault): Error {
  if (fault.kind === 'rpc') return new RpcError(fault.code, fault.message, fault.data);
  const { error } = fault;
  return error.code === FOREIGN_CODE ? new Error(error.message) : fromPlain(error);
}
