// State gas (EIP-8037): what a state's growth costs is taken from a counter of its own, the
// reservoir, and from the frame's gas once that is empty. All prices are zero before Amsterdam.
//
// The reservoir goes with the frame that runs: a call hands it over whole, and gets back what is
// left. What is given back goes to the reservoir, whatever had paid: at most what the frame itself
// has used; the rest is its caller's to get, once the frame has ended well. All that a frame used
// comes back to its caller's reservoir where it fails.
import {
  ACCOUNT_CREATED, ACCOUNT_SELFDESTRUCTED, A_CODE, A_FLAGS, A_GENERATION, CODE_SIZE, C_ACCOUNTS, C_RULES,
  C_SLOTS, C_STATE_BYTE_PRICE, C_STATE_GAS_GRANTED, F_DEPTH, F_STATE_GAS, F_STATE_GAS_PENDING,
  F_STATE_GAS_REFUNDED, F_STATE_GAS_USED, R_KEEP_DELETED_STATE_GAS, R_KEEP_FAILED_STATE_GAS,
  R_STATE_BYTES_ACCOUNT, R_STATE_BYTES_SLOT, R_STATE_BYTE_PRICE, R_STATE_GAS, S_ACCOUNT,
  S_GENERATION, S_VALUE,
} from "../layout";
import { isZeroWord, tableNext } from "./tables";

// @ts-ignore: decorator
@inline
function addTo(at: u32, amount: i64): void {
  store<i64>(at, load<i64>(at) + amount);
}

/** State gas of so many bytes. */
export function priceOfState(ctx: u32, bytes: u32): i64 {
  const rules = load<u32>(ctx + C_RULES);
  if (load<u32>(rules + R_STATE_GAS) == 0) return 0;
  const fixed = <i64>load<u32>(rules + R_STATE_BYTE_PRICE);
  return <i64>bytes * (fixed != 0 ? fixed : load<i64>(ctx + C_STATE_BYTE_PRICE));
}

/** State gas of what a rule says in bytes: a slot, an account, an authorisation. */
export function stateCostOf(ctx: u32, rule: u32): i64 {
  return priceOfState(ctx, load<u32>(load<u32>(ctx + C_RULES) + rule));
}

/** Gas that would be left of `gas` after a charge; negative where it does not suffice. */
// @ts-ignore: decorator
@inline
export function afterStateGas(fp: u32, gas: i64, cost: i64): i64 {
  return gas - max<i64>(cost - load<i64>(fp + F_STATE_GAS), 0);
}

/** Charges what `afterStateGas` found to suffice. */
export function chargeStateGas(fp: u32, cost: i64): void {
  if (cost == 0) return;
  addTo(fp + F_STATE_GAS, -min<i64>(cost, load<i64>(fp + F_STATE_GAS)));
  addTo(fp + F_STATE_GAS_USED, cost);
}

/** Takes a charge back, since the state did not grow. */
export function refundStateGas(fp: u32, amount: i64): void {
  if (amount == 0) return;
  const own = min<i64>(amount, load<i64>(fp + F_STATE_GAS_USED));
  addTo(fp + F_STATE_GAS, own);
  addTo(fp + F_STATE_GAS_USED, -own);
  addTo(fp + F_STATE_GAS_REFUNDED, own);
  addTo(fp + F_STATE_GAS_PENDING, amount - own);
}

/** A creation failed: its account comes back to the frame that paid for it, unless it is kept. */
export function refundCreation(ctx: u32, fp: u32): void {
  if (load<u32>(load<u32>(ctx + C_RULES) + R_KEEP_FAILED_STATE_GAS)) return;
  refundStateGas(fp, stateCostOf(ctx, R_STATE_BYTES_ACCOUNT));
}

/** Gives gas to the reservoir that nobody had paid. */
export function grantStateGas(ctx: u32, amount: i64): void {
  addTo(ctx + C_STATE_GAS_GRANTED, amount);
}

/** Hands `stateGas` to a frame that is entered. */
export function enterStateGas(fp: u32, stateGas: i64): void {
  store<i64>(fp + F_STATE_GAS, stateGas);
  store<i64>(fp + F_STATE_GAS_USED, 0);
  store<i64>(fp + F_STATE_GAS_REFUNDED, 0);
  store<i64>(fp + F_STATE_GAS_PENDING, 0);
}

/**
 * A frame failed: what it used comes back to the reservoir. What was given back before is taken
 * again, and is lost, but for the outermost frame: so the tests have it. What that one used may be
 * kept by the rules, where others' is not.
 */
export function undoStateGas(ctx: u32, fp: u32): void {
  const outermost = load<u32>(fp + F_DEPTH) == 0;
  if (outermost && load<u32>(load<u32>(ctx + C_RULES) + R_KEEP_FAILED_STATE_GAS)) return;
  addTo(fp + F_STATE_GAS, load<i64>(fp + F_STATE_GAS_USED));
  if (!outermost) {
    // A slot may have been set and cleared many times.
    const lost = min<i64>(load<i64>(fp + F_STATE_GAS_REFUNDED), load<i64>(fp + F_STATE_GAS));
    addTo(fp + F_STATE_GAS, -lost);
    addTo(ctx + C_STATE_GAS_GRANTED, -lost);
  }
  store<i64>(fp + F_STATE_GAS_USED, 0);
  store<i64>(fp + F_STATE_GAS_REFUNDED, 0);
  store<i64>(fp + F_STATE_GAS_PENDING, 0);
}

/** What the frame has left goes to its caller, and so does what it used. */
export function returnStateGas(fp: u32, caller: u32): void {
  store<i64>(caller + F_STATE_GAS, load<i64>(fp + F_STATE_GAS));
  addTo(caller + F_STATE_GAS_USED, load<i64>(fp + F_STATE_GAS_USED));
  addTo(caller + F_STATE_GAS_REFUNDED, load<i64>(fp + F_STATE_GAS_REFUNDED));
  refundStateGas(caller, load<i64>(fp + F_STATE_GAS_PENDING));
}

/**
 * The transaction ends: what it paid for accounts that it made and deletes comes back, with their
 * slots and code, unless it is kept. Before anything is deleted.
 */
export function refundDeletedState(ctx: u32, fp: u32): void {
  const rules = load<u32>(ctx + C_RULES);
  if (load<u32>(rules + R_STATE_GAS) == 0 || load<u32>(rules + R_KEEP_DELETED_STATE_GAS)) return;
  const dies: u32 = ACCOUNT_CREATED | ACCOUNT_SELFDESTRUCTED;
  let refund: i64 = 0;
  const accounts = ctx + C_ACCOUNTS;
  for (let a = tableNext(accounts, 0); a != 0; a = tableNext(accounts, a)) {
    if ((load<u32>(a + A_FLAGS) & dies) != dies) continue;
    const code = load<u32>(a + A_CODE);
    refund += stateCostOf(ctx, R_STATE_BYTES_ACCOUNT);
    if (code != 0) refund += priceOfState(ctx, load<u32>(code + CODE_SIZE));
  }
  if (refund == 0) return;
  const slots = ctx + C_SLOTS;
  for (let s = tableNext(slots, 0); s != 0; s = tableNext(slots, s)) {
    const a = load<u32>(s + S_ACCOUNT);
    if ((load<u32>(a + A_FLAGS) & dies) != dies || isZeroWord(s + S_VALUE)) continue;
    if (load<u32>(s + S_GENERATION) == load<u32>(a + A_GENERATION)) refund += stateCostOf(ctx, R_STATE_BYTES_SLOT);
  }
  addTo(fp + F_STATE_GAS, refund);
  addTo(fp + F_STATE_GAS_USED, -refund);
}
