/** The answer to what never came to be a request: it has no id. */

import type { RpcError } from '../rpc/errors.ts';

export function failureText({ code, message }: RpcError): string {
  return JSON.stringify({ jsonrpc: '2.0', id: null, error: { code, message } });
}
