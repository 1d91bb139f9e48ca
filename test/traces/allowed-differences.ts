/**
 * Where our traces may differ from Anvil's: a closed list, each row with its reason. Geth's own
 * behaviour (and, of trace_ methods, Parity's) counts for more than Anvil's.
 */

/** One place of two answers where they differ. */
export interface Difference {
  readonly method: string;
  /** As `.structLogs.3.gasCost`. */
  readonly path: string;
  readonly ours: unknown;
  readonly anvil: unknown;
  /** The objects that hold it. */
  readonly around: { readonly ours: unknown; readonly anvil: unknown };
}

export interface AllowedDifference {
  readonly reason: string;
  readonly allows: (difference: Difference) => boolean;
}

type Fields = Readonly<Record<string, unknown>>;
const fieldsOf = (value: unknown): Fields => (value ?? {}) as Fields;
const isParity = ({ method }: Difference): boolean => method.startsWith('trace_');

/** Anvil's words, by ours. */
const WORDS: Readonly<Record<string, string>> = {
  'write protection': 'StateChangeDuringStaticCall',
  'Mutable Call In Static Context': 'StateChangeDuringStaticCall',
  'contract address collision': 'CreateCollision',
  'contract creation code storage out of gas': 'out of gas',
  'stack underflow (0 <=> 2)': 'StackUnderflow',
  'Stack underflow': 'StackUnderflow',
  'invalid opcode: opcode 0xc not defined': 'invalid opcode',
  'invalid code: must not begin with 0xef': 'CreateContractStartingWithEF',
  'stack limit reached 1024 (1023)': 'Out of stack',
  'insufficient balance for transfer': 'Insufficient balance for transfer',
};

const EMPTY: ReadonlySet<string> = new Set(['0', '"0x"', '[]']);
const EMPTY_ACCOUNT = '{"balance":"0x0"}';
const PRECOMPILE = /^0x0{38}[0-9a-f]{2}$/;

export const STRUCT_LOG_DIFFERENCES: readonly AllowedDifference[] = [
  {
    reason: 'geth leaves out a refund of 0, and return data and memory that are empty',
    allows: ({ path, ours, anvil }) =>
      /\.(refund|returnData|memory)$/.test(path) &&
      ours === undefined &&
      EMPTY.has(JSON.stringify(anvil)),
  },
  {
    reason: 'geth’s price of a creation is without the gas that the new frame is given',
    allows: ({ path, around }) =>
      path.endsWith('.gasCost') && /^CREATE/.test(String(fieldsOf(around.ours)['op'])),
  },
  {
    reason: 'geth’s price of what cannot be paid is what it would have been',
    allows: ({ path, around }) =>
      path.endsWith('.gasCost') && fieldsOf(around.ours)['error'] === 'out of gas',
  },
  {
    reason: 'geth says in its own words what it finds before it executes, and nothing of the rest',
    allows: ({ path, ours, anvil }) =>
      path.endsWith('.error') &&
      String(anvil).startsWith('Some(') &&
      (ours === undefined || /^(out of gas|stack )/.test(String(ours))),
  },
  {
    reason: 'geth shows the slot of an SSTORE as it would be, though the call be static',
    allows: ({ path, around }) => {
      const isStorage = /\.storage\.0x/.test(path);
      return isStorage && around.anvil !== undefined && around.ours !== undefined;
    },
  },
  {
    reason: 'geth names the byte of an opcode that there is not',
    allows: ({ path, ours, anvil }) =>
      path.endsWith('.op') && /^opcode 0x/.test(String(ours)) && anvil === 'Unknown',
  },
  {
    reason: 'Anvil adds the gas of the block’s transactions before',
    allows: ({ path, ours, anvil }) => path === '.gas' && Number(anvil) > Number(ours),
  },
];

export const CALL_DIFFERENCES: readonly AllowedDifference[] = [
  {
    reason: 'geth’s outermost call has the transaction’s gas, not what is left to begin with',
    allows: ({ path, ours, anvil }) => path === '.gas' && Number(ours) > Number(anvil),
  },
  {
    reason: 'Anvil adds the gas of the block’s transactions before',
    allows: ({ path, ours, anvil }) => path === '.gasUsed' && Number(anvil) > Number(ours),
  },
  {
    reason: 'failures are said in geth’s words',
    allows: ({ path, ours, anvil }) => path.endsWith('.error') && WORDS[String(ours)] === anvil,
  },
  {
    reason: 'geth takes away the logs of what failed',
    allows: ({ path, ours, around }) =>
      path.endsWith('.logs') && ours === undefined && fieldsOf(around.ours)['error'] !== undefined,
  },
];

export const PRESTATE_DIFFERENCES: readonly AllowedDifference[] = [
  {
    reason: 'geth leaves out accounts that did not exist, unless includeEmpty asks for them',
    allows: ({ ours, anvil }) => {
      const { storage = {}, ...account } = fieldsOf(anvil);
      const slots = Object.values(storage as object);
      const isEmpty = JSON.stringify(account) === EMPTY_ACCOUNT;
      return ours === undefined && isEmpty && slots.every((value) => BigInt(value) === 0n);
    },
  },
];

export const SELECTOR_DIFFERENCES: readonly AllowedDifference[] = [
  {
    reason: 'geth does not count calls of precompiles',
    allows: ({ ours, anvil, path }) =>
      ours === undefined && anvil === 1 && ['.0x00000000-60', '.0x5490f8eb-124'].includes(path),
  },
];

export const PARITY_DIFFERENCES: readonly AllowedDifference[] = [
  {
    reason: 'the blocks of two chains have other hashes',
    allows: (difference) => isParity(difference) && difference.path.endsWith('.blockHash'),
  },
  {
    reason: 'failures are said in Parity’s words',
    allows: ({ path, ours, anvil }) => path.endsWith('.error') && WORDS[String(ours)] === anvil,
  },
  {
    reason: 'Parity leaves out calls of precompiles',
    allows: ({ path, ours, anvil }) => {
      if (path.endsWith('.subtraces')) return ours === 0 && anvil === 2;
      const { action } = fieldsOf(anvil);
      return ours === undefined && PRECOMPILE.test(String(fieldsOf(action)['to']));
    },
  },
  {
    reason: 'a creation that failed made no contract',
    allows: ({ path, ours, around }) =>
      path.endsWith('.result.address') && ours === undefined && around.ours !== null,
  },
  {
    reason: 'for Parity an account that there was not is new, whether or not it has code',
    allows: ({ path, ours, anvil }) =>
      /\.stateDiff\.0x[0-9a-f]{40}\.(balance(\.[+*])?|code|nonce)$/.test(path) &&
      (fieldsOf(ours)['+'] !== undefined ||
        path.endsWith('.balance.+') ||
        (path.endsWith('.balance.*') && fieldsOf(anvil)['from'] === '0x0')),
  },
];

/** All places where two answers differ. */
export function differences(method: string, ours: unknown, anvil: unknown): Difference[] {
  const found: Difference[] = [];
  const walk = (a: unknown, b: unknown, path: string, around: Difference['around']): void => {
    const isOpen = (value: unknown) => typeof value === 'object' && value !== null;
    if (!isOpen(a) || !isOpen(b)) {
      if (a !== b) found.push({ method, path, ours: a, anvil: b, around });
      return;
    }
    const keys = new Set([...Object.keys(a as object), ...Object.keys(b as object)]);
    for (const key of keys) {
      walk(fieldsOf(a)[key], fieldsOf(b)[key], `${path}.${key}`, { ours: a, anvil: b });
    }
  };
  walk(ours, anvil, '', { ours: undefined, anvil: undefined });
  return found;
}
