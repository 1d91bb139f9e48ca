/** The methods of a node that a consensus client drives. */

import type { EngineNode } from '../engine/engine.ts';
import { engineMethods } from '../engine/methods.ts';
import { basicMethods } from '../methods/basic.ts';
import { ethMethods } from '../methods/eth/tables.ts';
import { traceMethods } from '../methods/trace-tables.ts';
import type { MethodTable } from '../rpc/method.ts';

export const fullMethods: readonly MethodTable<EngineNode>[] = [
  basicMethods,
  ...ethMethods,
  ...traceMethods,
  engineMethods,
];
