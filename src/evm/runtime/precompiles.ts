// The precompiles that the runtime executes itself: identity (0x04) and BLAKE2F (0x09). All
// others are the host's.
import {
  C_FRAME, C_PRECOMPILE, C_RULES, F_CODE_ADDRESS, F_CTX, F_GAS, F_INPUT, F_INPUT_SIZE, F_OUTPUT,
  F_OUTPUT_SIZE, F_RUNTIME, R_PRECOMPILES, STATUS_NEED_PRECOMPILE, STATUS_OUT_OF_GAS, STATUS_PRECOMPILE_FAILURE,
  STATUS_RETURN,
} from "../layout";
import { blake2fRounds } from "./hashes/blake2f";
import { lookUp } from "./watch";

const IDENTITY: u64 = 4;
const IDENTITY_BASE: i64 = 15;
const IDENTITY_WORD: i64 = 3;

const BLAKE2F: u64 = 9;
const BLAKE2F_INPUT: u32 = 213;
/** Rounds between two looks at the stop flag and the host's watch: about a millisecond. */
const PORTION: u32 = 1 << 14;

// BLAKE2F in the frame: u32 rounds done, u32 1 when begun | vector | message | output.
const ROUNDS_DONE: u32 = F_RUNTIME + 16;
const BEGUN: u32 = F_RUNTIME + 20;
const VECTOR: u32 = F_RUNTIME + 64;
const MESSAGE: u32 = F_RUNTIME + 192;
const OUTPUT: u32 = F_RUNTIME + 320;

/** Runs the frame's precompile: the status it ends with, or one for the host. */
export function runPrecompile(ctx: u32, fp: u32): i32 {
  const answered = load<u32>(ctx + C_PRECOMPILE);
  if (answered != 0) {
    store<u32>(ctx + C_PRECOMPILE, 0);
    return answered;
  }
  const address = fp + F_CODE_ADDRESS;
  if ((load<u64>(address, 8) | load<u64>(address, 16)) != 0) return STATUS_NEED_PRECOMPILE;
  const number = load<u64>(address);
  // Where a host has its own list, these are its own affair too.
  if (number > <u64>load<u32>(load<u32>(ctx + C_RULES) + R_PRECOMPILES)) return STATUS_NEED_PRECOMPILE;
  if (number == IDENTITY) return identity(fp);
  if (number == BLAKE2F) return blake2f(fp);
  return STATUS_NEED_PRECOMPILE;
}

/** Takes the price from the frame's gas; false when there is less. */
function pay(fp: u32, cost: i64): bool {
  const gas = load<i64>(fp + F_GAS);
  if (gas < cost) return false;
  store<i64>(fp + F_GAS, gas - cost);
  return true;
}

function identity(fp: u32): i32 {
  const size = load<u32>(fp + F_INPUT_SIZE);
  const words = <i64>((<u64>size + 31) >> 5);
  if (!pay(fp, IDENTITY_BASE + IDENTITY_WORD * words)) return STATUS_OUT_OF_GAS;
  store<u32>(fp + F_OUTPUT, load<u32>(fp + F_INPUT));
  store<u32>(fp + F_OUTPUT_SIZE, size);
  return STATUS_RETURN;
}

/** EIP-152, in portions, so that a stop is seen however many rounds are asked for. */
function blake2f(fp: u32): i32 {
  const input = load<u32>(fp + F_INPUT);
  if (load<u32>(fp + BEGUN) == 0) {
    if (load<u32>(fp + F_INPUT_SIZE) != BLAKE2F_INPUT) return STATUS_PRECOMPILE_FAILURE;
    if (load<u8>(input, 212) > 1) return STATUS_PRECOMPILE_FAILURE;
    if (!pay(fp, <i64>bswap<u32>(load<u32>(input)))) return STATUS_OUT_OF_GAS;
    begin(fp, input);
  }
  const rounds = bswap<u32>(load<u32>(input));
  let done = load<u32>(fp + ROUNDS_DONE);
  while (done < rounds) {
    const count = min<u32>(rounds - done, PORTION);
    blake2fRounds(fp + VECTOR, fp + MESSAGE, done, count);
    done += count;
    store<u32>(fp + ROUNDS_DONE, done);
    if (done == rounds) break;
    const seen = lookUp(load<u32>(fp + F_CTX));
    if (seen != 0) return seen;
  }
  store<u32>(fp + BEGUN, 0);
  for (let i: u32 = 0; i < 64; i += 8) {
    const word = load<u64>(input + 4 + i) ^ load<u64>(fp + VECTOR + i) ^ load<u64>(fp + VECTOR + 64 + i);
    store<u64>(fp + OUTPUT + i, word);
  }
  store<u32>(fp + F_OUTPUT, fp + OUTPUT);
  store<u32>(fp + F_OUTPUT_SIZE, 64);
  return STATUS_RETURN;
}

/** The working vector from state, offset and flag. */
function begin(fp: u32, input: u32): void {
  const v = fp + VECTOR;
  memory.copy(v, input + 4, 64);
  memory.copy(fp + MESSAGE, input + 68, 128);
  store<u64>(v, 0x6a09e667f3bcc908, 64);
  store<u64>(v, 0xbb67ae8584caa73b, 72);
  store<u64>(v, 0x3c6ef372fe94f82b, 80);
  store<u64>(v, 0xa54ff53a5f1d36f1, 88);
  store<u64>(v, 0x510e527fade682d1 ^ load<u64>(input, 196), 96);
  store<u64>(v, 0x9b05688c2b3e6c1f ^ load<u64>(input, 204), 104);
  const last = load<u8>(input, 212) != 0;
  store<u64>(v, last ? ~0x1f83d9abfb41bd6b : 0x1f83d9abfb41bd6b, 112);
  store<u64>(v, 0x5be0cd19137e2179, 120);
  store<u32>(fp + ROUNDS_DONE, 0);
  store<u32>(fp + BEGUN, 1);
}

/**
 * The host's answer to STATUS_NEED_PRECOMPILE: whether it succeeded, the gas it used, and its
 * output, which the host has written anywhere. The run goes on with `resume`.
 */
export function completePrecompile(ctx: u32, ok: i32, gasUsed: i64, output: u32, size: u32): void {
  const fp = load<u32>(ctx + C_FRAME);
  store<u32>(fp + F_OUTPUT, output);
  store<u32>(fp + F_OUTPUT_SIZE, size);
  store<i64>(fp + F_GAS, load<i64>(fp + F_GAS) - gasUsed);
  store<u32>(ctx + C_PRECOMPILE, ok ? STATUS_RETURN : STATUS_PRECOMPILE_FAILURE);
}
