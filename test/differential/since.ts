import { type ForkName, forkIndex } from '../../src/evm/forks/names.ts';

/** Whether `fork` is `first` or a later one. */
export function since(fork: ForkName, first: ForkName): boolean {
  return forkIndex(fork) >= forkIndex(first);
}
