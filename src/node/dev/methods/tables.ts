/** All tables of a development chain; of two methods of one name the later counts. */

import { basicMethods } from '../../methods/basic.ts';
import { ethMethods } from '../../methods/eth/tables.ts';
import { traceMethods } from '../../methods/trace-tables.ts';
import type { MethodTable } from '../../rpc/method.ts';
import type { DevNode } from '../dev-node.ts';
import { devAccountMethods } from './accounts.ts';
import { devEstimateMethods } from './estimates.ts';
import { devHistoryMethods } from './history.ts';
import { devMiningMethods } from './mining.ts';
import { devNodeMethods } from './node-info.ts';
import { notOfferedMethods } from './not-offered.ts';
import { devStateMethods } from './state.ts';
import { devTokenMethods } from './tokens.ts';

export const devMethods: readonly MethodTable<DevNode>[] = [
  notOfferedMethods,
  basicMethods,
  ...ethMethods,
  ...traceMethods,
  devAccountMethods,
  devStateMethods,
  devMiningMethods,
  devHistoryMethods,
  devNodeMethods,
  devTokenMethods,
  devEstimateMethods,
];
