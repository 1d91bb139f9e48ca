/** A full node that makes the blocks of its chain itself: its log of the order is FOLDER/order. */

import { join } from 'node:path';
import { FolderFiles } from '../../state/log/files.ts';
import { OrderLog } from '../sequencer/order-log.ts';
import { Sequencer, type SequencerOptions } from '../sequencer/sequencer.ts';

export type SequencingOptions = Omit<SequencerOptions, 'orderLog'> & {
  /** The node's. */
  readonly folder: string;
};

/**
 * Makes again what an abrupt end has left, and begins to make blocks.
 * @throws LogError, OrderLogError; RangeError for blocks that are shorter than the chain allows
 */
export async function startSequencing({
  folder,
  ...options
}: SequencingOptions): Promise<Sequencer> {
  const orderLog = await OrderLog.open(new FolderFiles(join(folder, 'order')));
  try {
    const sequencer = new Sequencer({ ...options, orderLog });
    await sequencer.start();
    return sequencer;
  } catch (error) {
    await orderLog.close();
    throw error;
  }
}
