/** All methods of traces. */

import { movable } from '../execution/workers/movable.ts';
import type { Node } from '../node.ts';
import type { MethodTable } from '../rpc/method.ts';
import { debugStateMethods } from './debug-state.ts';
import { debugTraceMethods } from './debug-trace.ts';
import { otterscanMethods } from './ots.ts';
import { otterscanTraceMethods } from './ots-traces.ts';
import { parityTraceMethods } from './trace.ts';

export const traceMethods: readonly MethodTable<Node>[] = [
  movable(debugTraceMethods),
  debugStateMethods,
  movable(parityTraceMethods),
  otterscanMethods,
  movable(otterscanTraceMethods),
];
