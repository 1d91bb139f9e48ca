/** All methods of traces. */

import type { Node } from '../node.ts';
import type { MethodTable } from '../rpc/method.ts';
import { debugTraceMethods } from './debug-trace.ts';
import { parityTraceMethods } from './trace.ts';

export const traceMethods: readonly MethodTable<Node>[] = [debugTraceMethods, parityTraceMethods];
