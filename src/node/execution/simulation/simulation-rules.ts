/**
 * Ether that moves, as logs: `traceTransfers` of `eth_simulateV1`. The machine leaves them by the
 * rules of EIP-7708; here they get the address that clients know, and stay out of receipts.
 * Specification: ERC-7528 for the address.
 */

import type { Rules } from '../../../evm/forks/rules.ts';
import type { Address, Hash, Log } from '../../../evm/types.ts';

/** Who leaves the machine's logs, and who they are shown to be of. */
const SYSTEM_ADDRESS: Address = '0xfffffffffffffffffffffffffffffffffffffffe';
const ETHER_ADDRESS: Address = '0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee';
const TRANSFER: Hash = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';

interface Variation {
  readonly traceTransfers: boolean;
  readonly validation: boolean;
}

const variants = new WeakMap<Rules, Map<string, Rules>>();

/**
 * The rules as a simulation has them: transfers are logged where that is asked for, and nonces are
 * bounded where they are checked. One object for one variation, since machines are kept by it.
 */
export function simulationRules(rules: Rules, { traceTransfers, validation }: Variation): Rules {
  const logsTransfers = rules.logsTransfers || traceTransfers;
  const boundsNonce = rules.boundsNonce && validation;
  if (logsTransfers === rules.logsTransfers && boundsNonce === rules.boundsNonce) return rules;
  let known = variants.get(rules);
  if (known === undefined) {
    known = new Map();
    variants.set(rules, known);
  }
  const key = `${logsTransfers} ${boundsNonce}`;
  const variant = known.get(key) ?? { ...rules, logsTransfers, boundsNonce };
  known.set(key, variant);
  return variant;
}

/** The logs that are shown, and those that contracts left. */
export function splitLogs(
  logs: readonly Log[],
  traceTransfers: boolean,
): { readonly logs: readonly Log[]; readonly own: readonly Log[] } {
  if (!traceTransfers) return { logs, own: logs };
  const shown = logs.flatMap((log) => {
    if (log.address !== SYSTEM_ADDRESS) return [log];
    return log.topics[0] === TRANSFER ? [{ ...log, address: ETHER_ADDRESS }] : [];
  });
  return { logs: shown, own: logs.filter(({ address }) => address !== SYSTEM_ADDRESS) };
}
