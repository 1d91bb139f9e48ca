/** What contracts print by `console.log` while they run, for somebody who listens. */

import type { CallHooks } from '../../evm/machine/hooks.ts';
import { consoleHooks } from '../../evm/solidity/console.ts';

/** Of a message that a contract prints. */
const MESSAGE_CHARACTERS_MAX = 4_096;
/** Messages of one call, or of one block. */
export const MESSAGES_MAX = 1_000;

/** Hooks that tell of each message; `isHeard` says of each whether it is told. */
export function contractHooks(
  say: (text: string) => void,
  isHeard: () => boolean = firstMessages(),
): CallHooks {
  return consoleHooks(({ text }) => {
    if (isHeard()) say(text.slice(0, MESSAGE_CHARACTERS_MAX));
  });
}

function firstMessages(): () => boolean {
  let messages = 0;
  return () => ++messages <= MESSAGES_MAX;
}
