/**
 * The forks, in order, under the names that Ironfly uses and those that others use.
 *
 * Amsterdam is a draft, as of the tests `tests-bal` v5.7.0 of execution-specs: no network has it,
 * and nothing switches it on but its name.
 */

export const FORKS = [
  'frontier',
  'homestead',
  'tangerineWhistle',
  'spuriousDragon',
  'byzantium',
  'constantinople',
  'petersburg',
  'istanbul',
  'berlin',
  'london',
  'paris',
  'shanghai',
  'cancun',
  'prague',
  'osaka',
  'amsterdam',
] as const;

export type ForkName = (typeof FORKS)[number];

const INDEX: ReadonlyMap<string, number> = new Map(FORKS.map((name, index) => [name, index]));

/** Position of a fork in the order of time, 0 for Frontier. */
export function forkIndex(fork: ForkName): number {
  return INDEX.get(fork) as number;
}

/** Names that specifications, test suites and other clients use, without case. */
const ALIASES: Readonly<Record<string, ForkName>> = {
  eip150: 'tangerineWhistle',
  tangerine: 'tangerineWhistle',
  eip158: 'spuriousDragon',
  spurious: 'spuriousDragon',
  constantinoplefix: 'petersburg',
  muirglacier: 'istanbul',
  arrowglacier: 'london',
  grayglacier: 'london',
  merge: 'paris',
  merged: 'paris',
  themerge: 'paris',
};

/** The fork that a name in any of the usual spellings means, or undefined. */
export function findFork(name: string): ForkName | undefined {
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  return FORKS.find((fork) => fork.toLowerCase() === plain) ?? ALIASES[plain];
}
