/** What a campaign has run: counts by fork, type, outcome, opcode, so that a hole shows. */
import { createHash } from 'node:crypto';
import type { ForkName } from '../../src/evm/forks/names.ts';
import { OPCODES, opcodeAt } from '../../src/evm/opcodes/table.ts';
import { type Case, type CaseTransaction, writeJson } from '../differential/case.ts';
import { PEER_FORKS } from '../differential/ethereumjs.ts';
import type { Round } from './campaign.ts';

export interface Coverage {
  transactions: number;
  /** Hashes of fork, code and transaction, whoever sends it and whatever the state is by then. */
  readonly distinct: Set<string>;
  readonly forks: Map<string, number>;
  readonly types: Map<string, number>;
  readonly outcomes: Map<string, number>;
  /** Opcodes by fork that were executed in a run whose steps were compared. */
  readonly opcodes: Map<string, number>;
}

export function newCoverage(): Coverage {
  const map = () => new Map<string, number>();
  const distinct = new Set<string>();
  return { transactions: 0, distinct, forks: map(), types: map(), outcomes: map(), opcodes: map() };
}

function count(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

export function note(coverage: Coverage, { test, comparison }: Round): void {
  for (const [index, { status, reason, steps }] of comparison.outcomes.entries()) {
    coverage.transactions += 1;
    coverage.distinct.add(identity(test, test.transactions[index] as CaseTransaction));
    count(coverage.forks, test.fork);
    count(coverage.types, `type ${test.transactions[index]?.type}`);
    // A refusal's reason names the values behind a colon.
    count(coverage.outcomes, reason === undefined ? status : (reason.split(':')[0] ?? status));
    for (const { op } of steps) count(coverage.opcodes, `${test.fork} ${op}`);
  }
}

function identity({ fork, accounts }: Case, transaction: CaseTransaction): string {
  const code = accounts.find(({ address }) => address === transaction.to)?.code;
  const text = writeJson([fork, code, { ...transaction, nonce: 0n, sender: undefined }]);
  return createHash('sha1').update(text).digest('base64');
}

/** Holes that are named; of the others there is a count. */
const HOLES_SHOWN = 40;

/** Opcodes that a fork knows and that no compared step has executed. */
export function holes(coverage: Coverage, forks: readonly ForkName[] = PEER_FORKS): string {
  const missing = forks.flatMap((fork) =>
    OPCODES.filter(({ byte }) => opcodeAt(byte, fork) !== undefined && byte !== 0)
      .filter(({ byte }) => !coverage.opcodes.has(`${fork} ${byte}`))
      .map(({ name }) => `${fork} ${name}`),
  );
  const more = missing.length - HOLES_SHOWN;
  const shown = missing.slice(0, HOLES_SHOWN).join(', ');
  return missing.length === 0 ? 'none' : more > 0 ? `${shown} and ${more} more` : shown;
}

/** Steps by opcode, over all forks. */
export function opcodeTable(coverage: Coverage): string {
  const counts = new Map<string, number>();
  for (const { byte, name } of OPCODES) {
    const times = PEER_FORKS.map((fork) => coverage.opcodes.get(`${fork} ${byte}`) ?? 0);
    counts.set(
      name,
      times.reduce((sum, count) => sum + count, 0),
    );
  }
  return table(counts);
}

export function table(map: ReadonlyMap<string, number>): string {
  const rows = [...map].sort(([, a], [, b]) => b - a);
  return rows.map(([name, times]) => `${name} ${times}`).join(', ');
}
