/** Writes rules as the structure in linear memory that the runtime reads (layout.ts, R_*). */
import * as layout from '../layout.ts';
import type { Rules } from './rules.ts';

/** Fills RULES_BYTES at `address`. */
export function encodeRules(view: DataView, address: number, rules: Rules): void {
  for (let i = 0; i < layout.RULES_BYTES; i += 4) view.setUint32(address + i, 0, true);
  const put = (offset: number, value: number | boolean) =>
    view.setUint32(address + offset, Number(value), true);
  put(layout.R_COLD_ACCOUNT_EXTRA, rules.coldAccountExtra);
  put(layout.R_COLD_SLOAD_EXTRA, rules.coldSloadExtra);
  put(layout.R_COLD_SSTORE, rules.coldSstore);
  put(layout.R_SSTORE_METERING, rules.sstorePricing === 'net');
  put(layout.R_SSTORE_DIRTY, rules.sstoreDirty);
  put(layout.R_SSTORE_SET, rules.sstoreSet);
  put(layout.R_SSTORE_RESET, rules.sstoreReset);
  put(layout.R_SSTORE_CLEAR_REFUND, rules.sstoreClearRefund);
  put(layout.R_SSTORE_SENTRY, rules.sstoreSentry);
  put(layout.R_CALL_VALUE, rules.callValue);
  put(layout.R_CALL_STIPEND, rules.callStipend);
  put(layout.R_CALL_NEW_ACCOUNT, rules.callNewAccount);
  put(layout.R_SELFDESTRUCT_NEW_ACCOUNT, rules.selfdestructNewAccount);
  put(layout.R_SELFDESTRUCT_REFUND, rules.selfdestructRefund);
  put(layout.R_CREATE_DATA_BYTE, rules.createDataByte);
  put(layout.R_CREATE_DATA_WORD, rules.createDataWord);
  put(layout.R_INIT_CODE_WORD, rules.initCodeWord);
  put(layout.R_MAX_CODE_SIZE, rules.maxCodeSize);
  put(layout.R_MAX_INIT_CODE_SIZE, rules.maxInitCodeSize);
  put(layout.R_COPY_WORD, rules.copyWord);
  put(layout.R_KECCAK_WORD, rules.keccakWord);
  put(layout.R_LOG_DATA_BYTE, rules.logDataByte);
  put(layout.R_LOG_TOPIC, rules.logTopic);
  put(layout.R_REFUND_QUOTIENT, rules.refundQuotient);
  put(layout.R_TX_BASE, rules.txBase);
  put(layout.R_TX_CREATE, rules.txCreate);
  put(layout.R_TX_DATA_ZERO, rules.txDataZero);
  put(layout.R_TX_DATA_NONZERO, rules.txDataNonzero);
  put(layout.R_TX_ACCESS_ADDRESS, rules.txAccessAddress);
  put(layout.R_TX_ACCESS_SLOT, rules.txAccessSlot);
  put(layout.R_TX_FLOOR_TOKEN, rules.txFloorToken);
  put(layout.R_TX_FLOOR_ZERO_TOKENS, rules.txFloorZeroTokens);
  put(layout.R_TX_ACCESS_BYTE, rules.txAccessByte);
  put(layout.R_TX_AUTHORIZATION, rules.txAuthorization);
  put(layout.R_TX_AUTHORIZATION_REFUND, rules.txAuthorizationRefund);
  view.setBigUint64(address + layout.R_TX_GAS_LIMIT, rules.txGasLimit, true);
  put(layout.R_BLOB_GAS, rules.blobGas);
  put(layout.R_MAX_BLOBS_TX, rules.maxBlobsTransaction);
  put(layout.R_MAX_BLOBS_BLOCK, rules.maxBlobsBlock);
  put(layout.R_ALL_BUT_ONE_64TH, rules.allButOne64th);
  put(layout.R_CLEAR_EMPTY, rules.clearsEmpty);
  put(layout.R_CREATE_MUST_PAY, rules.createMustPay);
  put(layout.R_REJECT_EF, rules.rejectsEf);
  put(layout.R_WARMTH, rules.warmth);
  put(layout.R_WARM_COINBASE, rules.warmCoinbase);
  put(layout.R_SELFDESTRUCT_ONLY_NEW, rules.selfdestructOnlyNew);
  put(layout.R_BASE_FEE, rules.hasBaseFee);
  put(layout.R_REFUSE_SENDER_CODE, rules.refusesSenderCode);
  put(layout.R_DELEGATION, rules.delegation);
  put(layout.R_MAX_NONCE, rules.boundsNonce);
  put(layout.R_LIMIT_INIT_CODE, rules.limitsInitCode);
  put(layout.R_TX_TYPES, bitSet(rules.transactionTypes));
  put(layout.R_SELFDESTRUCT_CHARGES, rules.selfdestructCharges);
  put(layout.R_CREATE_CHECKS_STORAGE, rules.createChecksStorage);
  put(layout.R_STATE_GAS, rules.metersStateGas);
  put(layout.R_STATE_BYTES_SLOT, rules.stateBytesSlot);
  put(layout.R_STATE_BYTES_ACCOUNT, rules.stateBytesAccount);
  put(layout.R_STATE_BYTES_AUTHORIZATION, rules.stateBytesAuthorization);
  put(layout.R_STATE_BYTE_PRICE, rules.stateBytePrice);
  put(layout.R_KEEP_FAILED_STATE_GAS, rules.keepsFailedStateGas);
  put(layout.R_KEEP_DELETED_STATE_GAS, rules.keepsDeletedStateGas);
  put(layout.R_STATE_GAS_AFTER_AUTHORIZATIONS, rules.stateGasAfterAuthorizations);
  put(layout.R_LOG_TRANSFERS, rules.logsTransfers);
  put(layout.R_BLOCK_GAS_BEFORE_REFUNDS, rules.blockGasBeforeRefunds);
  put(layout.R_PRECOMPILES, rules.precompiles);
  put(layout.R_PRECOMPILE_P256, rules.precompileP256);
  put(layout.R_WARM_PRECOMPILES, rules.precompiles);
  put(layout.R_WARM_P256, rules.precompileP256);
}

function bitSet(numbers: readonly number[]): number {
  return numbers.reduce((bits, number) => bits | (1 << number), 0);
}
