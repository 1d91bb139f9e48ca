/** Calls, estimates and access lists. */

import {
  callGas,
  callOptions,
  callTransaction,
  executeCall,
  refusedCall,
  withMachine,
} from '../../execution/call.ts';
import { failureOf, haltText, revertText } from '../../execution/call-failure.ts';
import type { CallNode } from '../../execution/call-node.ts';
import { readBlockOverrides, readStateOverrides } from '../../execution/call-overrides.ts';
import { readCallRequest } from '../../execution/call-request.ts';
import { contractHooks } from '../../execution/contract-log.ts';
import { estimateGas } from '../../execution/estimate-gas.ts';
import { type MethodTable, method } from '../../rpc/method.ts';
import { dataHex, LATEST, optional, quantity, readBlockId, withDefault } from '../../rpc/values.ts';

const AT_BLOCK = withDefault(readBlockId, LATEST);

export const callMethods: MethodTable<CallNode> = {
  eth_call: method(
    [readCallRequest, AT_BLOCK, optional(readStateOverrides), optional(readBlockOverrides)],
    (node: CallNode, [request, at, overrides, blockOverrides], caller) =>
      withMachine(node, caller, { at, overrides, blockOverrides }, async (setting) => {
        const gasLimit = callGas(request, node.limits.callGasMax);
        const transaction = callTransaction(request, node.ledger.chainId, { gasLimit });
        const say = node.contractLog?.();
        const hooks = say && contractHooks(say);
        const options = { changes: false, ...(hooks && { hooks }) };
        const result = await executeCall(setting, transaction, options);
        const failure = failureOf(result);
        if (failure !== undefined) throw failure;
        return dataHex(result.output);
      }),
  ),
  eth_estimateGas: method(
    [readCallRequest, AT_BLOCK, optional(readStateOverrides), optional(readBlockOverrides)],
    (node: CallNode, [request, at, overrides, blockOverrides], caller) =>
      withMachine(node, caller, { at, overrides, blockOverrides }, async (setting) => {
        const transaction = callTransaction(request, node.ledger.chainId, {
          gasLimit: request.gas ?? 0n,
        });
        return quantity(await estimateGas(setting, transaction, node.limits.callGasMax));
      }),
  ),
  eth_createAccessList: method(
    [readCallRequest, AT_BLOCK, optional(readStateOverrides)],
    (node: CallNode, [request, at, overrides], caller) =>
      withMachine(node, caller, { at, overrides }, async (setting) => {
        const gasLimit = callGas(request, node.limits.callGasMax);
        const transaction = callTransaction(request, node.ledger.chainId, { gasLimit });
        const { evm } = setting;
        // It is executed several times: the time is for all of them.
        const timeout = AbortSignal.timeout(setting.limitMs);
        const signal = AbortSignal.any([setting.signal, timeout]);
        const options = { ...callOptions(setting, transaction), signal };
        const { result, accessList, gasUsed } = await evm.createAccessList(
          { ...transaction, type: transaction.type === 0 ? 1 : transaction.type },
          options,
        );
        if (result.status === 'refused') throw await refusedCall(setting, transaction, result);
        const error =
          result.status === 'revert'
            ? revertText(result.output)
            : result.status === 'halt'
              ? haltText(result.reason)
              : undefined;
        return { accessList, ...(error && { error }), gasUsed: quantity(gasUsed) };
      }),
  ),
};
