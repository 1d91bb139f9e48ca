/** The methods that a worker may answer, in the forms that both threads use. */

import type { CallNode } from '../execution/call-node.ts';
import type { MethodTable } from '../rpc/method.ts';
import { debugTraceMethods } from './debug-trace.ts';
import { callManyMethods } from './eth/call-many.ts';
import { callMethods } from './eth/calls.ts';
import { otterscanTraceMethods } from './ots-traces.ts';
import { parityTraceMethods } from './trace.ts';

export const movableMethods: MethodTable<CallNode> = {
  ...callMethods,
  ...callManyMethods,
  ...debugTraceMethods,
  ...parityTraceMethods,
  ...otterscanTraceMethods,
};
