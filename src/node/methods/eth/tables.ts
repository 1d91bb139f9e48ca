/** All tables of the eth_ methods, and those beside them that show the same things. */

import { movable } from '../../execution/workers/movable.ts';
import type { Node } from '../../node.ts';
import type { MethodTable } from '../../rpc/method.ts';
import { rawMethods } from '../raw.ts';
import { testingMethods } from '../testing.ts';
import { txpoolMethods } from '../txpool.ts';
import { accessListMethods } from './access-lists.ts';
import { blockMethods } from './blocks.ts';
import { callManyMethods } from './call-many.ts';
import { callMethods } from './calls.ts';
import { feeMethods } from './fees.ts';
import { filterMethods } from './filters.ts';
import { logMethods } from './logs.ts';
import { nodeConfigMethods } from './node-config.ts';
import { simulationMethods } from './simulate.ts';
import { stateMethods } from './state.ts';
import { subscriptionMethods } from './subscriptions.ts';
import { transactionMethods } from './transactions.ts';

export const ethMethods: readonly MethodTable<Node>[] = [
  stateMethods,
  blockMethods,
  accessListMethods,
  transactionMethods,
  movable(callMethods),
  movable(callManyMethods),
  feeMethods,
  logMethods,
  filterMethods,
  subscriptionMethods,
  nodeConfigMethods,
  simulationMethods,
  rawMethods,
  txpoolMethods,
  testingMethods,
];
