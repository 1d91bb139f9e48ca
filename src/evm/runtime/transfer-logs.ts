// Logs of ether that moves or is burnt (EIP-7708, Amsterdam): of the system address, as an ERC-20
// token would leave them.
import {
  A_ADDRESS, A_BALANCE, A_FLAGS, ACCOUNT_SELFDESTRUCTED, C_ACCOUNTS, C_RULES,
  R_LOG_TRANSFERS,
} from "../layout";
import { appendLog } from "./logs";
import { lessWord } from "./state";
import { copyWord, isZeroWord, tableNext } from "./tables";

// @ts-ignore: decorator
@inline
function isLogged(ctx: u32, amount: u32): bool {
  return load<u32>(load<u32>(ctx + C_RULES) + R_LOG_TRANSFERS) != 0 && !isZeroWord(amount);
}

function putWord(to: u32, high: u64, b: u64, c: u64, low: u64): void {
  store<u64>(to, low);
  store<u64>(to, c, 8);
  store<u64>(to, b, 16);
  store<u64>(to, high, 24);
}

/** 0xff...fe, 20 bytes. */
function putSystemAddress(to: u32): void {
  putWord(to, 0, 0xffffffff, 0xffffffffffffffff, 0xfffffffffffffffe);
}

/** A word as 32 bytes, big-endian. */
function putBytes(to: u32, word: u32): void {
  for (let i: u32 = 0; i < 32; i += 8) store<u64>(to + i, bswap<u64>(load<u64>(word + 24 - i)));
}

/** Transfer(address,address,uint256), where something moves to another account. */
export function logTransfer(ctx: u32, from: u32, to: u32, amount: u32): void {
  if (from == to || !isLogged(ctx, amount)) return;
  const at = appendLog(ctx, 3, 32);
  if (at == 0) return;
  putSystemAddress(at);
  putWord(at + 32, 0xddf252ad1be2c89b, 0x69c2b068fc378daa, 0x952ba7f163c4a116, 0x28f55a4df523b3ef);
  copyWord(at + 64, from + A_ADDRESS);
  copyWord(at + 96, to + A_ADDRESS);
  putBytes(at + 128, amount);
}

/** Burn(address,uint256). */
export function logBurn(ctx: u32, account: u32, amount: u32): void {
  if (!isLogged(ctx, amount)) return;
  const at = appendLog(ctx, 2, 32);
  if (at == 0) return;
  putSystemAddress(at);
  putWord(at + 32, 0xcc16f5dbb4873280, 0x815c1ee09dbd0673, 0x6cffcc184412cf7a, 0x71a0fdb75d397ca5);
  copyWord(at + 64, account + A_ADDRESS);
  putBytes(at + 96, amount);
}

/**
 * What accounts hold that are deleted with this transaction, in the order of their addresses.
 * PERF: O(accounts) for each such account.
 */
export function logDeleted(ctx: u32): void {
  if (load<u32>(load<u32>(ctx + C_RULES) + R_LOG_TRANSFERS) == 0) return;
  let last: u32 = 0;
  while (true) {
    let next: u32 = 0;
    const accounts = ctx + C_ACCOUNTS;
    for (let a = tableNext(accounts, 0); a != 0; a = tableNext(accounts, a)) {
      if ((load<u32>(a + A_FLAGS) & ACCOUNT_SELFDESTRUCTED) == 0 || isZeroWord(a + A_BALANCE)) continue;
      const isAfter = last == 0 || lessWord(last + A_ADDRESS, a + A_ADDRESS);
      if (isAfter && (next == 0 || lessWord(a + A_ADDRESS, next + A_ADDRESS))) next = a;
    }
    if (next == 0) return;
    logBurn(ctx, next, next + A_BALANCE);
    last = next;
  }
}
