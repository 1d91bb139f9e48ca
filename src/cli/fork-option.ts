/** The option `--fork` of the commands. */
import { InvalidArgumentError } from 'commander';
import { FORKS, type ForkName, findFork } from '../evm/forks/names.ts';

/** @throws InvalidArgumentError that lists the forks */
export function parseFork(text: string): ForkName {
  const fork = findFork(text);
  if (fork !== undefined) return fork;
  throw new InvalidArgumentError(`${text} is not a fork; the forks are ${FORKS.join(', ')}.`);
}
