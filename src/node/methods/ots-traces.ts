/** What Otterscan asks of one transaction, which is executed once more for it. */

import type { Address } from '../../evm/types.ts';
import type { CallNode } from '../execution/call-node.ts';
import { type Caller, type MethodTable, method } from '../rpc/method.ts';
import { dataHex, quantity, readHash } from '../rpc/values.ts';
import { withReplay } from '../trace/block-replay.ts';
import type { CallFrame } from '../trace/call-frames.ts';
import { recordCalls } from '../trace/recorded.ts';
import { TraceBudget, type TraceTarget } from '../trace/target.ts';
import { requirePlace } from '../trace/transaction-place.ts';

export const otterscanTraceMethods: MethodTable<CallNode> = {
  ots_getTransactionError: method([readHash], (node: CallNode, [hash], caller) =>
    traced(node, caller, hash, async ({ run }) => {
      const { status, output } = await run({});
      return status === 'revert' ? dataHex(output) : '0x';
    }),
  ),
  ots_getInternalOperations: method([readHash], (node: CallNode, [hash], caller) =>
    traced(node, caller, hash, async (target) =>
      internalOperations((await recordCalls(target)).root),
    ),
  ),
  ots_traceTransaction: method([readHash], (node: CallNode, [hash], caller) =>
    traced(node, caller, hash, async (target) => plainCalls((await recordCalls(target)).root)),
  ),
};

/** Traces a transaction of the chain. @throws RpcError */
async function traced<T>(
  node: CallNode,
  caller: Caller,
  hash: Parameters<typeof requirePlace>[1],
  work: (target: TraceTarget) => Promise<T>,
): Promise<T> {
  const { block, index } = await requirePlace(node, hash);
  const budget = new TraceBudget({ limitMs: node.limits.callMsMax, signal: caller.signal });
  return withReplay(node, block, budget, async (replay) => {
    await replay.skipTo(index);
    return replay.trace(work);
  });
}

interface InternalOperation {
  /** 0 transfer, 1 self-destruct, 2 CREATE, 3 CREATE2. */
  readonly type: 0 | 1 | 2 | 3;
  readonly from: Address;
  readonly to: Address;
  readonly value: string;
}

/** What moved ether or made contracts within the transaction, of all that was not undone. */
function internalOperations(root: CallFrame): InternalOperation[] {
  const operations: InternalOperation[] = [];
  const walk = (frame: CallFrame): void => {
    if (frame.error !== undefined) return;
    const { depth, from, to, value } = frame;
    const type = depth === 0 ? undefined : operationType(frame);
    if (type !== undefined) operations.push({ type, from, to, value: quantity(value) });
    for (const call of frame.calls) walk(call);
  };
  walk(root);
  return operations;
}

function operationType({ kind, value }: CallFrame): InternalOperation['type'] | undefined {
  if (kind === 'selfdestruct') return 1;
  if (kind === 'create') return 2;
  if (kind === 'create2') return 3;
  return kind === 'call' && value > 0n ? 0 : undefined;
}

/** All calls but those of precompiles, one after another; a call that cannot pay has no value. */
function plainCalls(root: CallFrame): object[] {
  const calls: object[] = [];
  const walk = (frame: CallFrame): void => {
    const { kind, depth, from, to, value, input, output, precompile } = frame;
    if (precompile && depth > 0) return;
    const pays = kind !== 'delegatecall' && kind !== 'staticcall';
    calls.push({
      type: kind.toUpperCase(),
      depth,
      from,
      to,
      value: pays ? quantity(value) : null,
      input: dataHex(input),
      output: dataHex(output),
    });
    for (const call of frame.calls) walk(call);
  };
  walk(root);
  return calls;
}
