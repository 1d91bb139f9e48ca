/** The forks, in order, under the names that Ironfly uses and those that others use. */

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
] as const;

export type ForkName = (typeof FORKS)[number];

const INDEX: ReadonlyMap<string, number> = new Map(FORKS.map((name, index) => [name, index]));

/** Position of a fork in the order of time, 0 for Frontier. */
export function forkIndex(fork: ForkName): number {
  return INDEX.get(fork) as number;
}
