/**
 * Every fact about every opcode: one row each, and nowhere else.
 *
 * `gas` is the static price, charged before the opcode's meaning runs: a number, or the price by
 * the fork in which it changed. From Berlin on (EIP-2929) the static price of an opcode that
 * touches state is the warm price; the runtime charges the extra of a cold access. What depends
 * on operands (memory, copies, topics, exponents) is charged by the opcode's meaning.
 *
 * Yellow Paper, appendix H; EIPs are named where a row changed.
 */
import { type ForkName, forkIndex } from '../forks/names.ts';

export interface OpcodeRow {
  readonly byte: number;
  readonly name: string;
  /** Bytes of immediate data that follow the opcode. */
  readonly immediate: number;
  readonly pops: number;
  readonly pushes: number;
  /** First fork that knows it. */
  readonly since: ForkName;
  /** Static gas, by fork. */
  readonly gas: Price;
  /** Control does not simply go on at the next instruction, or may leave the frame. */
  readonly endsBlock: boolean;
  /**
   * Gas can be observed by this opcode or by what it calls: whatever is charged in advance must
   * end before it.
   */
  readonly observesGas: boolean;
}

/** A price that never changed, or the price from each named fork on. */
export type Price = number | Readonly<Partial<Record<ForkName, number>>>;

type Traits = Partial<Pick<OpcodeRow, 'immediate' | 'since' | 'endsBlock' | 'observesGas'>>;

function row(
  byte: number,
  name: string,
  [pops, pushes]: readonly [number, number],
  gas: Price,
  traits: Traits = {},
): OpcodeRow {
  return {
    byte,
    name,
    pops,
    pushes,
    gas,
    immediate: traits.immediate ?? 0,
    since: traits.since ?? 'frontier',
    endsBlock: traits.endsBlock ?? false,
    observesGas: traits.observesGas ?? false,
  };
}

const ends: Traits = { endsBlock: true };
const leaves: Traits = { endsBlock: true, observesGas: true };
// EIP-150 (Tangerine Whistle), EIP-1884 (Istanbul), EIP-2929 (Berlin).
const balanceGas: Price = { frontier: 20, tangerineWhistle: 400, istanbul: 700, berlin: 100 };
const codeGas: Price = { frontier: 20, tangerineWhistle: 700, berlin: 100 };
const sloadGas: Price = { frontier: 50, tangerineWhistle: 200, istanbul: 800, berlin: 100 };
const callGas: Price = { frontier: 40, tangerineWhistle: 700, berlin: 100 };
// EIP-8037
const createGas: Price = { frontier: 32_000, amsterdam: 9_000 };

/** The rows in the order of their bytes. */
export const OPCODES: readonly OpcodeRow[] = [
  row(0x00, 'STOP', [0, 0], 0, ends),
  row(0x01, 'ADD', [2, 1], 3),
  row(0x02, 'MUL', [2, 1], 5),
  row(0x03, 'SUB', [2, 1], 3),
  row(0x04, 'DIV', [2, 1], 5),
  row(0x05, 'SDIV', [2, 1], 5),
  row(0x06, 'MOD', [2, 1], 5),
  row(0x07, 'SMOD', [2, 1], 5),
  row(0x08, 'ADDMOD', [3, 1], 8),
  row(0x09, 'MULMOD', [3, 1], 8),
  row(0x0a, 'EXP', [2, 1], 10),
  row(0x0b, 'SIGNEXTEND', [2, 1], 5),
  row(0x10, 'LT', [2, 1], 3),
  row(0x11, 'GT', [2, 1], 3),
  row(0x12, 'SLT', [2, 1], 3),
  row(0x13, 'SGT', [2, 1], 3),
  row(0x14, 'EQ', [2, 1], 3),
  row(0x15, 'ISZERO', [1, 1], 3),
  row(0x16, 'AND', [2, 1], 3),
  row(0x17, 'OR', [2, 1], 3),
  row(0x18, 'XOR', [2, 1], 3),
  row(0x19, 'NOT', [1, 1], 3),
  row(0x1a, 'BYTE', [2, 1], 3),
  // EIP-145
  row(0x1b, 'SHL', [2, 1], 3, { since: 'constantinople' }),
  row(0x1c, 'SHR', [2, 1], 3, { since: 'constantinople' }),
  row(0x1d, 'SAR', [2, 1], 3, { since: 'constantinople' }),
  // EIP-7939
  row(0x1e, 'CLZ', [1, 1], 5, { since: 'osaka' }),
  row(0x20, 'KECCAK256', [2, 1], 30),
  row(0x30, 'ADDRESS', [0, 1], 2),
  row(0x31, 'BALANCE', [1, 1], balanceGas),
  row(0x32, 'ORIGIN', [0, 1], 2),
  row(0x33, 'CALLER', [0, 1], 2),
  row(0x34, 'CALLVALUE', [0, 1], 2),
  row(0x35, 'CALLDATALOAD', [1, 1], 3),
  row(0x36, 'CALLDATASIZE', [0, 1], 2),
  row(0x37, 'CALLDATACOPY', [3, 0], 3),
  row(0x38, 'CODESIZE', [0, 1], 2),
  row(0x39, 'CODECOPY', [3, 0], 3),
  row(0x3a, 'GASPRICE', [0, 1], 2),
  row(0x3b, 'EXTCODESIZE', [1, 1], codeGas),
  row(0x3c, 'EXTCODECOPY', [4, 0], codeGas),
  // EIP-211
  row(0x3d, 'RETURNDATASIZE', [0, 1], 2, { since: 'byzantium' }),
  row(0x3e, 'RETURNDATACOPY', [3, 0], 3, { since: 'byzantium' }),
  // EIP-1052
  row(
    0x3f,
    'EXTCODEHASH',
    [1, 1],
    { constantinople: 400, istanbul: 700, berlin: 100 },
    { since: 'constantinople' },
  ),
  row(0x40, 'BLOCKHASH', [1, 1], 20),
  row(0x41, 'COINBASE', [0, 1], 2),
  row(0x42, 'TIMESTAMP', [0, 1], 2),
  row(0x43, 'NUMBER', [0, 1], 2),
  row(0x44, 'PREVRANDAO', [0, 1], 2),
  row(0x45, 'GASLIMIT', [0, 1], 2),
  // EIP-1344, EIP-1884
  row(0x46, 'CHAINID', [0, 1], 2, { since: 'istanbul' }),
  row(0x47, 'SELFBALANCE', [0, 1], 5, { since: 'istanbul' }),
  // EIP-3198, EIP-4844, EIP-7516
  row(0x48, 'BASEFEE', [0, 1], 2, { since: 'london' }),
  row(0x49, 'BLOBHASH', [1, 1], 3, { since: 'cancun' }),
  row(0x4a, 'BLOBBASEFEE', [0, 1], 2, { since: 'cancun' }),
  // EIP-7843
  row(0x4b, 'SLOTNUM', [0, 1], 2, { since: 'amsterdam' }),
  row(0x50, 'POP', [1, 0], 2),
  row(0x51, 'MLOAD', [1, 1], 3),
  row(0x52, 'MSTORE', [2, 0], 3),
  row(0x53, 'MSTORE8', [2, 0], 3),
  row(0x54, 'SLOAD', [1, 1], sloadGas),
  row(0x55, 'SSTORE', [2, 0], 0, { observesGas: true }),
  row(0x56, 'JUMP', [1, 0], 8, ends),
  row(0x57, 'JUMPI', [2, 0], 10, ends),
  row(0x58, 'PC', [0, 1], 2),
  row(0x59, 'MSIZE', [0, 1], 2),
  row(0x5a, 'GAS', [0, 1], 2, { observesGas: true }),
  row(0x5b, 'JUMPDEST', [0, 0], 1),
  // EIP-1153, EIP-5656, EIP-3855
  row(0x5c, 'TLOAD', [1, 1], 100, { since: 'cancun' }),
  row(0x5d, 'TSTORE', [2, 0], 100, { since: 'cancun' }),
  row(0x5e, 'MCOPY', [3, 0], 3, { since: 'cancun' }),
  row(0x5f, 'PUSH0', [0, 1], 2, { since: 'shanghai' }),
  ...Array.from({ length: 32 }, (_, i) =>
    row(0x60 + i, `PUSH${i + 1}`, [0, 1], 3, { immediate: i + 1 }),
  ),
  ...Array.from({ length: 16 }, (_, i) => row(0x80 + i, `DUP${i + 1}`, [i + 1, i + 2], 3)),
  ...Array.from({ length: 16 }, (_, i) => row(0x90 + i, `SWAP${i + 1}`, [i + 2, i + 2], 3)),
  ...Array.from({ length: 5 }, (_, i) => row(0xa0 + i, `LOG${i}`, [i + 2, 0], 375)),
  // EIP-8024: how much of the stack they need stands in the immediate byte.
  row(0xe6, 'DUPN', [0, 1], 3, { immediate: 1, since: 'amsterdam' }),
  row(0xe7, 'SWAPN', [0, 0], 3, { immediate: 1, since: 'amsterdam' }),
  row(0xe8, 'EXCHANGE', [0, 0], 3, { immediate: 1, since: 'amsterdam' }),
  row(0xf0, 'CREATE', [3, 1], createGas, leaves),
  row(0xf1, 'CALL', [7, 1], callGas, leaves),
  row(0xf2, 'CALLCODE', [7, 1], callGas, leaves),
  row(0xf3, 'RETURN', [2, 0], 0, ends),
  // EIP-7
  row(0xf4, 'DELEGATECALL', [6, 1], callGas, { ...leaves, since: 'homestead' }),
  // EIP-1014
  row(0xf5, 'CREATE2', [4, 1], createGas, { ...leaves, since: 'constantinople' }),
  // EIP-214, EIP-140
  row(0xfa, 'STATICCALL', [6, 1], callGas, { ...leaves, since: 'byzantium' }),
  row(0xfd, 'REVERT', [2, 0], 0, { ...ends, since: 'byzantium' }),
  row(0xfe, 'INVALID', [0, 0], 0, ends),
  row(0xff, 'SELFDESTRUCT', [1, 0], { frontier: 0, tangerineWhistle: 5000 }, leaves),
];

/** The 256 bytes: the row of each byte that some fork knows. */
export const OPCODE_BY_BYTE: readonly (OpcodeRow | undefined)[] = Array.from(
  { length: 256 },
  (_, byte) => OPCODES.find((candidate) => candidate.byte === byte),
);

const BYTE_BY_NAME: ReadonlyMap<string, number> = new Map(
  OPCODES.map(({ name, byte }) => [name, byte]),
);

/** Byte of the opcode `name`; throws a RangeError for a name that no fork knows. */
export function opcodeByte(name: string): number {
  const byte = BYTE_BY_NAME.get(name);
  if (byte === undefined) throw new RangeError(`no opcode is called ${name}`);
  return byte;
}

/** The opcode at `byte` in `fork`, or undefined where executing it is an invalid opcode. */
export function opcodeAt(byte: number, fork: ForkName): OpcodeRow | undefined {
  const opcode = OPCODE_BY_BYTE[byte];
  if (opcode === undefined || forkIndex(opcode.since) > forkIndex(fork)) return undefined;
  return opcode;
}

/** Static gas of `opcode` in `fork`. */
export function staticGas(opcode: OpcodeRow, fork: ForkName): number {
  if (typeof opcode.gas === 'number') return opcode.gas;
  let price: number | undefined;
  let latest = -1;
  for (const [name, candidate] of Object.entries(opcode.gas) as [ForkName, number][]) {
    const index = forkIndex(name);
    if (index > latest && index <= forkIndex(fork)) {
      latest = index;
      price = candidate;
    }
  }
  if (price === undefined) throw new RangeError(`${opcode.name} has no price in ${fork}`);
  return price;
}
