// State gas (EIP-8037): what a state's growth costs is taken from a counter of its own, and from
// the frame's gas once that is empty. All prices are zero before Amsterdam.
//
// The counter goes with the frame that runs: a call hands it over whole, and gets back what is left.
// What a frame that fails has charged comes back in the opposite order, first to its gas as far as
// that has paid, then to the counter: so the counter is what it was at the frame's entry, and an
// exceptional halt consumes the part that returned to its gas.
import {
  C_STATE_GAS_USED, F_GAS, F_STATE_GAS, F_STATE_GAS_AT_ENTRY, F_STATE_GAS_FROM_GAS,
  F_STATE_GAS_OF_CALLER, F_STATE_GAS_USED_AT_ENTRY,
} from "../layout";

// @ts-ignore: decorator
@inline
function addTo(at: u32, amount: i64): void {
  store<i64>(at, load<i64>(at) + amount);
}

/** Gas that would be left of `gas` after a charge; negative where it does not suffice. */
// @ts-ignore: decorator
@inline
export function afterStateGas(fp: u32, gas: i64, cost: i64): i64 {
  return gas - max<i64>(cost - load<i64>(fp + F_STATE_GAS), 0);
}

/** Charges what `afterStateGas` found to suffice. */
export function chargeStateGas(ctx: u32, fp: u32, cost: i64): void {
  if (cost == 0) return;
  const fromGas = max<i64>(cost - load<i64>(fp + F_STATE_GAS), 0);
  addTo(fp + F_STATE_GAS, fromGas - cost);
  addTo(fp + F_STATE_GAS_FROM_GAS, fromGas);
  addTo(ctx + C_STATE_GAS_USED, cost);
}

/** Takes a charge back, since the state did not grow; returns the gas left. */
export function refillStateGas(ctx: u32, fp: u32, gas: i64, amount: i64): i64 {
  if (amount == 0) return gas;
  const toGas = min<i64>(amount, load<i64>(fp + F_STATE_GAS_FROM_GAS));
  addTo(fp + F_STATE_GAS_FROM_GAS, -toGas);
  addTo(fp + F_STATE_GAS, amount - toGas);
  addTo(ctx + C_STATE_GAS_USED, -amount);
  return gas + toGas;
}

/** Hands `stateGas` to a frame that is entered. */
export function enterStateGas(ctx: u32, fp: u32, stateGas: i64): void {
  store<i64>(fp + F_STATE_GAS, stateGas);
  store<i64>(fp + F_STATE_GAS_AT_ENTRY, stateGas);
  store<i64>(fp + F_STATE_GAS_USED_AT_ENTRY, load<i64>(ctx + C_STATE_GAS_USED));
  store<i64>(fp + F_STATE_GAS_FROM_GAS, 0);
  store<i64>(fp + F_STATE_GAS_OF_CALLER, 0);
}

/** A frame failed: what it charged comes back. Before an exceptional halt takes its gas. */
export function undoStateGas(ctx: u32, fp: u32): void {
  addTo(fp + F_GAS, load<i64>(fp + F_STATE_GAS_FROM_GAS));
  store<i64>(fp + F_STATE_GAS_FROM_GAS, 0);
  store<i64>(fp + F_STATE_GAS, load<i64>(fp + F_STATE_GAS_AT_ENTRY));
  store<i64>(ctx + C_STATE_GAS_USED, load<i64>(fp + F_STATE_GAS_USED_AT_ENTRY));
}

/** What the frame has left goes to its caller; so does, where it failed, what that paid for it. */
export function returnStateGas(ctx: u32, fp: u32, caller: u32, good: bool): void {
  store<i64>(caller + F_STATE_GAS, load<i64>(fp + F_STATE_GAS));
  addTo(caller + F_STATE_GAS_FROM_GAS, load<i64>(fp + F_STATE_GAS_FROM_GAS));
  if (good) return;
  const paid = load<i64>(fp + F_STATE_GAS_OF_CALLER);
  store<i64>(caller + F_GAS, refillStateGas(ctx, caller, load<i64>(caller + F_GAS), paid));
}
