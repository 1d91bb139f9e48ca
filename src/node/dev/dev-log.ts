/** What a development chain says of what it does: blocks, transactions, `console.log`. */

import type { BuiltBlock } from '../../chain/block-builder.ts';
import type { CallHooks } from '../../evm/machine/hooks.ts';
import { contractHooks, MESSAGES_MAX } from '../execution/contract-log.ts';
import { transactionHash } from '../ledger/transaction-index.ts';
import type { DevWatch } from './dev-chain.ts';

export class DevLog implements DevWatch {
  readonly #write: ((line: string) => void) | undefined;
  readonly #logsContracts: boolean;
  #messages = 0;
  isOn = true;

  /** @param write undefined: nothing is said, and contracts run without being watched */
  constructor(write: ((line: string) => void) | undefined, logsContracts = true) {
    this.#write = write;
    this.#logsContracts = logsContracts;
  }

  say(line: string): void {
    if (this.isOn) this.#write?.(line);
  }

  /** Of a block, whose messages are counted. */
  hooks = (): CallHooks | undefined => {
    this.#messages = 0;
    const say = this.contractLog();
    if (say === undefined) return undefined;
    return contractHooks(say, () => {
      this.#messages += 1;
      return this.#messages <= MESSAGES_MAX;
    });
  };

  /** Takes what contracts print; undefined while nobody listens. */
  contractLog = (): ((text: string) => void) | undefined => {
    if (!this.isOn || this.#write === undefined || !this.#logsContracts) return undefined;
    return (text) => this.say(`  console.log: ${printable(text)}`);
  };

  mined = ({ block, receipts, refused }: BuiltBlock): void => {
    if (!this.isOn || this.#write === undefined) return;
    if (this.#messages > MESSAGES_MAX) {
      this.say(`  console.log: ${this.#messages - MESSAGES_MAX} more lines`);
    }
    const { number, gasUsed, gasLimit, timestamp } = block.header;
    for (const [index, bytes] of block.transactions.entries()) {
      const receipt = receipts[index];
      this.say(`  Transaction: ${transactionHash(bytes)}`);
      const created = receipt?.contractAddress;
      if (created !== undefined) this.say(`    Contract created: ${created}`);
      const outcome = receipt?.succeeded === false ? ' (reverted)' : '';
      this.say(`    Gas used: ${receipt?.gasUsed}${outcome}`);
    }
    for (const { error } of refused) this.say(`  Left out: ${error.message}`);
    const time = new Date(Number(timestamp) * 1_000);
    const shown = Number.isNaN(time.getTime()) ? `${timestamp}` : time.toISOString();
    this.say(`  Block ${number}: ${block.hash}, ${gasUsed} of ${gasLimit} gas, ${shown}`);
  };
}

/** A contract's text must not move the cursor. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) =>
    character === '\n' || character === '\t'
      ? character
      : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
