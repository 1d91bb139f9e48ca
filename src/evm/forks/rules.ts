/**
 * The rules and prices of each fork, as data: every fork is what it changes over the one before.
 *
 * What the runtime reads is written into linear memory by encode.ts. Static prices of opcodes and
 * their first forks stand in opcodes/table.ts. A schedule of one's own is a `Rules` object made
 * from one of these.
 */
import { FORKS, type ForkName } from './names.ts';

/** How SSTORE is priced. */
export type StoragePricing = 'plain' | 'net';

export interface Rules {
  /** Which opcodes exist, and their static prices. */
  readonly fork: ForkName;

  // EIP-2929: what a first access costs over the warm price.
  readonly coldAccountExtra: number;
  readonly coldSloadExtra: number;
  readonly coldSstore: number;

  /** EIP-1283, EIP-2200. */
  readonly sstorePricing: StoragePricing;
  /** A slot that is written again, or with the value it has. */
  readonly sstoreDirty: number;
  readonly sstoreSet: number;
  readonly sstoreReset: number;
  /** EIP-3529 lowered it. */
  readonly sstoreClearRefund: number;
  /** EIP-2200: SSTORE fails with no more gas than this. */
  readonly sstoreSentry: number;

  readonly callValue: number;
  readonly callStipend: number;
  readonly callNewAccount: number;
  /** EIP-150. */
  readonly selfdestructNewAccount: number;
  /** EIP-3529 ended it. */
  readonly selfdestructRefund: number;
  readonly createDataByte: number;
  /** EIP-8037: hash of a word of the code that a creation deposits. */
  readonly createDataWord: number;
  /** EIP-3860. */
  readonly initCodeWord: number;
  /** EIP-170; 0 = unlimited. */
  readonly maxCodeSize: number;
  readonly maxInitCodeSize: number;
  readonly copyWord: number;
  readonly keccakWord: number;
  readonly logDataByte: number;
  readonly logTopic: number;
  /** Refunds are capped at gas used / this. */
  readonly refundQuotient: number;

  readonly txBase: number;
  /** EIP-2. */
  readonly txCreate: number;
  readonly txDataZero: number;
  /** EIP-2028. */
  readonly txDataNonzero: number;
  /** EIP-2930. */
  readonly txAccessAddress: number;
  readonly txAccessSlot: number;
  /** EIP-7623: gas of a token in the floor, and tokens of a byte that is zero. */
  readonly txFloorToken: number;
  readonly txFloorZeroTokens: number;
  /** EIP-7981: gas of a byte of the access list, in the floor, too. */
  readonly txAccessByte: number;
  /** EIP-7702. */
  readonly txAuthorization: number;
  readonly txAuthorizationRefund: number;
  /** EIP-7825; 0 = none. */
  readonly txGasLimit: bigint;
  /** EIP-4844. */
  readonly blobGas: number;
  /** EIP-7594; 0 = only the block's limit counts. */
  readonly maxBlobsTransaction: number;
  readonly maxBlobsBlock: number;

  /** EIP-150. */
  readonly allButOne64th: boolean;
  /** EIP-158, EIP-161. */
  readonly clearsEmpty: boolean;
  /** EIP-2. */
  readonly createMustPay: boolean;
  /** EIP-3541. */
  readonly rejectsEf: boolean;
  /** EIP-2929. */
  readonly warmth: boolean;
  /** EIP-3651. */
  readonly warmCoinbase: boolean;
  /** EIP-6780. */
  readonly selfdestructOnlyNew: boolean;
  /** EIP-1559. */
  readonly hasBaseFee: boolean;
  /** EIP-3607, applied to every fork. */
  readonly refusesSenderCode: boolean;
  /** EIP-7702. */
  readonly delegation: boolean;
  /** EIP-2681, applied to every fork. */
  readonly boundsNonce: boolean;
  /** EIP-3860. */
  readonly limitsInitCode: boolean;
  /** Types of transaction that are allowed. */
  readonly transactionTypes: readonly number[];
  /** EIP-150. */
  readonly selfdestructCharges: boolean;
  /** EIP-7610, applied to every fork. */
  readonly createChecksStorage: boolean;
  /** EIP-8037: the limit of a transaction's gas is one of execution; gas above it is state gas. */
  readonly metersStateGas: boolean;
  /** EIP-8037: bytes by which a slot that is set, an account, an authorisation makes it grow. */
  readonly stateBytesSlot: number;
  readonly stateBytesAccount: number;
  readonly stateBytesAuthorization: number;
  /** EIP-8037: state gas of a byte; 0 = by the block's gas limit. */
  readonly stateBytePrice: number;
  // EIP-8037, where its drafts differ; Amsterdam has none of the three.
  /** What a transaction that fails has used is kept, and the account's of a creation that fails. */
  readonly keepsFailedStateGas: boolean;
  /** What paid for an account that its transaction deletes is kept, its slots' and code's, too. */
  readonly keepsDeletedStateGas: boolean;
  /** What an authorisation gives back to the payer comes off the block's state gas, too. */
  readonly stateGasAfterAuthorizations: boolean;
  /** EIP-7708: transfers of ether leave logs, and so does ether that is burnt. */
  readonly logsTransfers: boolean;
  /** EIP-7778: a block counts the gas of its transactions before refunds. */
  readonly blockGasBeforeRefunds: boolean;
  /** Precompiles 1 to this. */
  readonly precompiles: number;
  /** EIP-7951. */
  readonly precompileP256: boolean;
}

const FRONTIER: Rules = {
  fork: 'frontier',
  coldAccountExtra: 0,
  coldSloadExtra: 0,
  coldSstore: 0,
  sstorePricing: 'plain',
  sstoreDirty: 0,
  sstoreSet: 20_000,
  sstoreReset: 5_000,
  sstoreClearRefund: 15_000,
  sstoreSentry: 0,
  callValue: 9_000,
  callStipend: 2_300,
  callNewAccount: 25_000,
  selfdestructNewAccount: 25_000,
  selfdestructRefund: 24_000,
  createDataByte: 200,
  createDataWord: 0,
  initCodeWord: 0,
  maxCodeSize: 0,
  maxInitCodeSize: 0,
  copyWord: 3,
  keccakWord: 6,
  logDataByte: 8,
  logTopic: 375,
  refundQuotient: 2,
  txBase: 21_000,
  txCreate: 0,
  txDataZero: 4,
  txDataNonzero: 68,
  txAccessAddress: 0,
  txAccessSlot: 0,
  txFloorToken: 0,
  txFloorZeroTokens: 1,
  txAccessByte: 0,
  txAuthorization: 0,
  txAuthorizationRefund: 0,
  txGasLimit: 0n,
  blobGas: 0,
  maxBlobsTransaction: 0,
  maxBlobsBlock: 0,
  allButOne64th: false,
  clearsEmpty: false,
  createMustPay: false,
  rejectsEf: false,
  warmth: false,
  warmCoinbase: false,
  selfdestructOnlyNew: false,
  hasBaseFee: false,
  refusesSenderCode: true,
  delegation: false,
  boundsNonce: true,
  limitsInitCode: false,
  transactionTypes: [0],
  selfdestructCharges: false,
  createChecksStorage: true,
  metersStateGas: false,
  stateBytesSlot: 0,
  stateBytesAccount: 0,
  stateBytesAuthorization: 0,
  stateBytePrice: 0,
  keepsFailedStateGas: false,
  keepsDeletedStateGas: false,
  stateGasAfterAuthorizations: false,
  logsTransfers: false,
  blockGasBeforeRefunds: false,
  precompiles: 4,
  precompileP256: false,
};

/** What each fork changes. */
const CHANGES: Readonly<Record<ForkName, Partial<Rules>>> = {
  frontier: {},
  homestead: { txCreate: 32_000, createMustPay: true },
  tangerineWhistle: { allButOne64th: true, selfdestructCharges: true },
  spuriousDragon: { clearsEmpty: true, maxCodeSize: 24_576 },
  byzantium: { precompiles: 8 },
  constantinople: { sstorePricing: 'net', sstoreDirty: 200 },
  petersburg: { sstorePricing: 'plain', sstoreDirty: 0 },
  istanbul: {
    sstorePricing: 'net',
    sstoreDirty: 800,
    sstoreSentry: 2_300,
    txDataNonzero: 16,
    precompiles: 9,
  },
  berlin: {
    warmth: true,
    coldAccountExtra: 2_500,
    coldSloadExtra: 2_000,
    coldSstore: 2_100,
    sstoreDirty: 100,
    sstoreReset: 2_900,
    txAccessAddress: 2_400,
    txAccessSlot: 1_900,
    transactionTypes: [0, 1],
  },
  london: {
    hasBaseFee: true,
    rejectsEf: true,
    sstoreClearRefund: 4_800,
    selfdestructRefund: 0,
    refundQuotient: 5,
    transactionTypes: [0, 1, 2],
  },
  paris: {},
  shanghai: {
    warmCoinbase: true,
    limitsInitCode: true,
    initCodeWord: 2,
    maxInitCodeSize: 49_152,
  },
  cancun: {
    selfdestructOnlyNew: true,
    blobGas: 131_072,
    maxBlobsBlock: 6,
    precompiles: 10,
    transactionTypes: [0, 1, 2, 3],
  },
  prague: {
    delegation: true,
    txAuthorization: 25_000,
    txAuthorizationRefund: 12_500,
    txFloorToken: 10,
    maxBlobsBlock: 9,
    precompiles: 17,
    transactionTypes: [0, 1, 2, 3, 4],
  },
  osaka: { txGasLimit: 16_777_216n, maxBlobsTransaction: 6, precompileP256: true },
  amsterdam: {
    maxBlobsBlock: 21,
    // EIP-7708, EIP-7778, EIP-7954.
    logsTransfers: true,
    blockGasBeforeRefunds: true,
    maxCodeSize: 32_768,
    maxInitCodeSize: 65_536,
    // EIP-7976, EIP-7981.
    txFloorToken: 16,
    txFloorZeroTokens: 4,
    txAccessByte: 64,
    // EIP-8037.
    metersStateGas: true,
    stateBytesSlot: 32,
    stateBytesAccount: 112,
    stateBytesAuthorization: 23,
    sstoreSet: 2_900,
    callNewAccount: 0,
    selfdestructNewAccount: 0,
    createDataByte: 0,
    createDataWord: 6,
    txCreate: 9_000,
    txAuthorization: 7_500,
    txAuthorizationRefund: 0,
  },
};

const RULES: ReadonlyMap<ForkName, Rules> = buildRules();

function buildRules(): Map<ForkName, Rules> {
  const all = new Map<ForkName, Rules>();
  let rules = FRONTIER;
  for (const fork of FORKS) {
    rules = { ...rules, ...CHANGES[fork], fork };
    all.set(fork, rules);
  }
  return all;
}

/** The rules of a fork. */
export function rulesOf(fork: ForkName): Rules {
  return RULES.get(fork) as Rules;
}
