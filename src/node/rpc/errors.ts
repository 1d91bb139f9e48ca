/**
 * Errors as JSON-RPC answers them: the codes of JSON-RPC 2.0, of EIP-1474, and those that clients
 * of Ethereum's nodes look for. The one table of codes.
 */

/** By name. Codes are what clients branch on; texts are for people. */
export const RPC_CODES = {
  /** The text is no JSON. */
  'parse error': -32700,
  /** JSON, and no request. */
  'invalid request': -32600,
  'method not found': -32601,
  'invalid params': -32602,
  /** A bug of ours. */
  'internal error': -32603,
  /** What was asked cannot be done: the message says why. EIP-1474: invalid input. */
  'server error': -32000,
  'resource not found': -32001,
  'resource unavailable': -32002,
  'transaction rejected': -32003,
  'method not supported': -32004,
  'limit exceeded': -32005,
  /** `data` is what the contract gave. */
  'execution reverted': 3,
  /** Engine API. */
  'unknown payload': -38001,
  'invalid forkchoice state': -38002,
  'invalid payload attributes': -38003,
  'too large request': -38004,
  'unsupported fork': -38005,
  'too deep reorg': -38006,
  /** `eth_simulateV1`: of a transaction. */
  'nonce too low': -38010,
  'nonce too high': -38011,
  'fee below base fee': -38012,
  'intrinsic gas too low': -38013,
  'insufficient funds': -38014,
  'block gas limit reached': -38015,
  'sender has code': -38024,
  'init code too large': -38025,
  /** Of the blocks. */
  'block numbers out of order': -38020,
  'block timestamps out of order': -38021,
  'precompile moved to itself': -38022,
  'too many blocks': -38026,
  /** Of a call that was executed. */
  'vm error': -32015,
} as const;

export type RpcFault = keyof typeof RPC_CODES;

export class RpcError extends Error {
  readonly code: number;
  /** Given on as it is. */
  readonly data: unknown;

  constructor(fault: RpcFault | number, message: string, data?: unknown) {
    super(message);
    this.name = 'RpcError';
    this.code = typeof fault === 'number' ? fault : RPC_CODES[fault];
    this.data = data;
  }
}

/** An argument that is not as it should be, by its number from 0 on. */
export function invalidParams(message: string): RpcError {
  return new RpcError('invalid params', message);
}
