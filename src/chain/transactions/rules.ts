/**
 * What a fork asks of a transaction's signature. Everything else that this layer checks (types,
 * prices, limits) stands in the machine's rules.
 */

import { forkIndex } from '../../evm/forks/names.ts';
import type { Rules } from '../../evm/forks/rules.ts';

export interface SignatureRules {
  /** EIP-2, Homestead: the upper half of `s` is refused. */
  readonly lowS: boolean;
  /** EIP-155, Spurious Dragon: `v` of type 0 may hold a chain id. */
  readonly chainIdInV: boolean;
}

export function signatureRules({ fork }: Rules): SignatureRules {
  return {
    lowS: forkIndex(fork) >= forkIndex('homestead'),
    chainIdInV: forkIndex(fork) >= forkIndex('spuriousDragon'),
  };
}
