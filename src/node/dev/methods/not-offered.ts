/** Methods that other development nodes have and this one has not, each with the reason. */

import { RpcError } from '../../rpc/errors.ts';
import type { MethodTable } from '../../rpc/method.ts';
import type { DevNode } from '../dev-node.ts';

const TEMPO = 'it belongs to the tokens of another chain (Tempo), not to Ethereum';
const NO_REMOTE = 'this chain is not forked from a remote one';
const NO_BUNDLES = 'bundles are a matter of relays, not of an Ethereum node';

/** By name. */
export const NOT_OFFERED: Readonly<Record<string, string>> = {
  anvil_dealTIP20: TEMPO,
  hardhat_dealTIP20: TEMPO,
  anvil_classifyTransaction: TEMPO,
  anvil_setFeeAmmLiquidity: TEMPO,
  anvil_setFeeToken: TEMPO,
  anvil_setValidatorFeeToken: TEMPO,
  anvil_setRpcUrl: NO_REMOTE,
  hardhat_setRpcUrl: NO_REMOTE,
  anvil_impersonateSignature:
    'what ecrecover says is the same for all: impersonate the account, or set the contract’s state',
  eth_callBundle: NO_BUNDLES,
  eth_sendRawTransactionConditional: 'conditions are a matter of sequencers that take them',
  eth_signRawTransaction: 'bytes that are no message are not signed: use eth_signTransaction',
  eth_resend: 'send a transaction of the same nonce that pays 10 % more',
};

function refusing(name: string, reason: string) {
  return {
    // Whatever is given: what counts is the reason.
    params: Array.from({ length: ARGUMENTS_MAX }, () => (value: unknown) => value),
    run: () => {
      throw new RpcError('method not supported', `${name} is not supported: ${reason}`);
    },
  };
}

const ARGUMENTS_MAX = 8;

export const notOfferedMethods: MethodTable<DevNode> = Object.fromEntries(
  Object.entries(NOT_OFFERED).map(([name, reason]) => [name, refusing(name, reason)]),
);
