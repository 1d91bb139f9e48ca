/**
 * `console.log` of Solidity: calls to an address without code, whose input names what to print.
 * All that hardhat/console.sol and forge-std's console write is understood, with the selectors of
 * older versions too, which hashed `uint` and `int` where the ABI says `uint256` and `int256`.
 */
import type { CallHooks } from '../machine/hooks.ts';
import type { Address } from '../types.ts';
import { type AbiValue, decodeAbi, selectorOf } from './abi.ts';

/** The bytes of `console.log` at the end of an address. */
export const CONSOLE_ADDRESS: Address = '0x000000000000000000636f6e736f6c652e6c6f67';

export interface ConsoleMessage {
  /** Who called the console. */
  readonly from: Address;
  readonly values: readonly AbiValue[];
  /** As the console prints it: with `%s`, `%d`, `%i`, `%o`, `%x` filled in. */
  readonly text: string;
}

const LOGGED = ['uint256', 'string', 'bool', 'address'] as const;
const ARGUMENTS_MAX = 4;

let table: Map<string, readonly string[]> | undefined;

/** Types by selector: every list of up to four, and one of each other type. */
function selectors(): ReadonlyMap<string, readonly string[]> {
  if (table !== undefined) return table;
  table = new Map();
  const add = (types: readonly string[]): void => {
    const legacy = types.map((type) => type.replace(/^(u?int)256$/, '$1'));
    for (const names of [types, legacy]) {
      table?.set(selectorOf(`log(${names.join(',')})`), types);
    }
  };
  let lists: string[][] = [[]];
  add([]);
  for (let length = 1; length <= ARGUMENTS_MAX; length++) {
    lists = lists.flatMap((list) => LOGGED.map((type) => [...list, type]));
    for (const list of lists) add(list);
  }
  for (const type of ['int256', 'bytes', 'string']) add([type]);
  // forge-std prints signed integers after a label.
  add(['string', 'int256']);
  for (let size = 1; size <= 32; size++) add([`bytes${size}`]);
  return table;
}

/** The values that a call of the console prints, or undefined when it is no such call. */
export function decodeConsoleCall(input: Uint8Array): readonly AbiValue[] | undefined {
  const types = selectors().get(input.subarray(0, 4).toHex());
  if (types === undefined) return undefined;
  return decodeAbi(
    types.map((type) => ({ type })),
    input.subarray(4),
  );
}

/**
 * Hooks that give each message to `onMessage`, those of reverted calls included.
 *
 * @example
 * await evm.call({ to, data, hooks: consoleHooks(({ text }) => console.log(text)) });
 */
export function consoleHooks(onMessage: (message: ConsoleMessage) => void): CallHooks {
  return {
    onEnter: ({ codeAddress, from, input }) => {
      if (codeAddress !== CONSOLE_ADDRESS) return;
      const values = decodeConsoleCall(input);
      if (values !== undefined) onMessage({ from, values, text: formatConsole(values) });
    },
  };
}

/** The line that Hardhat prints: the first string's directives are filled, the rest follows. */
export function formatConsole(values: readonly AbiValue[]): string {
  const [first, ...rest] = values;
  if (typeof first !== 'string') return values.map(String).join(' ');
  let used = 0;
  const filled = first.replace(/%([sdiox%])/g, (directive, kind: string) => {
    if (kind === '%') return '%';
    const value = rest[used];
    if (value === undefined) return directive;
    used += 1;
    return kind === 'x' && typeof value === 'bigint' ? `0x${value.toString(16)}` : String(value);
  });
  return [filled, ...rest.slice(used).map(String)].join(' ');
}
