/** What crosses between the test and the page, as JSON has it. */
import type { CaseChoice } from '../../src/cli/statetest/cases.ts';
import type { Address, Engine } from '../../src/evm/types.ts';
import type { SentProofs } from './proofs.ts';

/** What the page offers to the test. */
export interface Page {
  sharesMemory(): Promise<boolean>;
  /** Fetches the files and runs the chosen cases of each. */
  stateTests(paths: readonly string[], engine: Engine, choice: CaseChoice): Promise<BrowserCounts>;
  /** Verifies proofs and a block. @throws where one does not hold, or a false one does */
  proofs(sent: SentProofs): Promise<void>;
  /** Times a workload on both engines, warmed up. @throws where its output is another one */
  workload(sent: SentWorkload, warmUpMs: number): Promise<BrowserTime>;
}

/** A workload whose bytes are hexadecimal digits and whose numbers are text. */
export interface SentWorkload {
  readonly name: string;
  readonly contract: string;
  readonly judged: boolean;
  readonly to: Address;
  readonly input: string;
  readonly expected: string;
  readonly accounts: readonly {
    readonly address: Address;
    readonly nonce: string;
    readonly balance: string;
    readonly code: string;
    readonly storage: readonly (readonly [slot: string, value: string])[];
  }[];
}

export interface BrowserCounts {
  passed: number;
  readonly failures: string[];
}

/** Medians by engine. */
export interface BrowserTime {
  readonly name: string;
  readonly ms: Readonly<Record<string, number>>;
}
