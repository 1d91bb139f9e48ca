/** 0x30 to 0x4b: what a frame knows of itself, its transaction and its block. */

import type { Local, Value } from '../../wasm/function.ts';
import * as layout from '../layout.ts';
import { reverseBytes } from '../words/bytes.ts';
import {
  fromLimb,
  halvesOf,
  keep,
  keep32,
  limbOf,
  pushLimb,
  pushValue,
  type Word,
  widthOf,
} from '../words/word.ts';
import type { Assembler, Meaning, Meanings } from './assembler.ts';

/** A word of the frame. */
function frameWord(offset: number): Meaning {
  return (m) => m.push(halvesOf(m, { kind: 'memory', base: m.fp, offset }));
}

/** A word of the context. */
function contextWord(offset: number): Meaning {
  return (m) => m.push(halvesOf(m, { kind: 'memory', base: context(m), offset }));
}

/** A u32 of the frame. */
function frameNumber(offset: number): Meaning {
  return (m) => m.push(fromLimb(keep(m, m.fn.i64.load32U(m.fn.get(m.fp), offset))));
}

/** The execution context's address. */
export function context(m: Assembler): Local<'i32'> {
  return keep32(m, m.fn.i32.load(m.fn.get(m.fp), layout.F_CTX));
}

export const ENVIRONMENT: Meanings = {
  ADDRESS: frameWord(layout.F_ADDRESS),
  ORIGIN: contextWord(layout.C_ORIGIN),
  CALLER: frameWord(layout.F_CALLER),
  CALLVALUE: frameWord(layout.F_VALUE),
  CALLDATALOAD: loadCallData,
  CALLDATASIZE: frameNumber(layout.F_INPUT_SIZE),
  CALLDATACOPY: (m) => m.callOperation('opCallDataCopy', 3, 0),
  CODESIZE: (m) => {
    const code = m.fn.i32.load(m.fn.get(m.fp), layout.F_CODE);
    m.push(fromLimb(keep(m, m.fn.i64.load32U(code, layout.CODE_SIZE))));
  },
  CODECOPY: (m) => m.callOperation('opCodeCopy', 3, 0),
  GASPRICE: contextWord(layout.C_GAS_PRICE),
  RETURNDATASIZE: frameNumber(layout.F_RETURN_SIZE),
  RETURNDATACOPY: (m) => m.callOperation('opReturnDataCopy', 3, 0),
  COINBASE: contextWord(layout.C_COINBASE),
  TIMESTAMP: contextWord(layout.C_TIMESTAMP),
  NUMBER: contextWord(layout.C_NUMBER),
  PREVRANDAO: contextWord(layout.C_PREVRANDAO),
  GASLIMIT: contextWord(layout.C_GAS_LIMIT),
  CHAINID: contextWord(layout.C_CHAIN_ID),
  BASEFEE: contextWord(layout.C_BASE_FEE),
  BLOBBASEFEE: contextWord(layout.C_BLOB_BASE_FEE),
  BLOBHASH: pushBlobHash,
  SLOTNUM: contextWord(layout.C_SLOT_NUMBER),
};

/** Zero when the index is not below the number of blobs. */
function pushBlobHash(m: Assembler): void {
  const { fn } = m;
  const index = m.pop();
  const ctx = context(m);
  const position = limbOf(m, index, 0);
  const count = keep(m, fn.i64.load32U(fn.get(ctx), layout.C_BLOB_HASH_COUNT));
  const inside = keep32(
    m,
    fn.i32.and(fn.i64.ltU(pushValue(m, position), fn.get(count)), pushFitsOneLimb(m, index)),
  );
  const low = m.v128();
  const high = m.v128();
  const zero = () => fn.v128.const(new Uint8Array(16));
  fn.set(low, zero());
  fn.set(high, zero());
  fn.if(fn.get(inside), () => {
    const start = fn.i32.load(fn.get(ctx), layout.C_BLOB_HASHES);
    const distance = fn.i32.shl(fn.i32.wrapI64(pushValue(m, position)), fn.i32.const(5));
    const address = keep32(m, fn.i32.add(start, distance));
    fn.set(low, fn.v128.load(fn.get(address), 0));
    fn.set(high, fn.v128.load(fn.get(address), 16));
  });
  m.push({ kind: 'halves', low, high });
}

/** Pushes whether only limb 0 of the word is not zero. */
function pushFitsOneLimb(m: Assembler, word: Word): Value<'i32'> {
  const { fn } = m;
  if (widthOf(word) <= 1) return fn.i32.const(1);
  let above = pushLimb(m, word, 1);
  for (let i = 2; i < widthOf(word); i++) above = fn.i64.or(above, pushLimb(m, word, i));
  return fn.i64.eqz(above);
}

/** 32 bytes of call data, zero past its end. The usual case lies inside and is read at once. */
function loadCallData(m: Assembler): void {
  const { fn } = m;
  const offset = m.pop();
  const position = limbOf(m, offset, 0);
  const size = keep(m, fn.i64.load32U(fn.get(m.fp), layout.F_INPUT_SIZE));
  const low = m.v128();
  const high = m.v128();
  fn.set(low, fn.v128.const(new Uint8Array(16)));
  fn.set(high, fn.v128.const(new Uint8Array(16)));
  const inside = fn.i32.and(
    fn.i64.ltU(pushValue(m, position), fn.get(size)),
    pushFitsOneLimb(m, offset),
  );
  fn.if(inside, () => {
    const end = fn.i64.add(pushValue(m, position), fn.i64.const(32));
    const cut = keep32(m, fn.i64.gtU(end, fn.get(size)));
    m.rarely(fn.get(cut), () => {
      const { base, offset: place } = m.scratch();
      fn.call(
        m.runtime('callDataLoad'),
        fn.i32.add(fn.get(base), fn.i32.const(place)),
        fn.get(m.fp),
        fn.i32.wrapI64(pushValue(m, position)),
      );
      fn.set(low, fn.v128.load(fn.get(base), place));
      fn.set(high, fn.v128.load(fn.get(base), place + 16));
    });
    fn.if(fn.i32.eqz(fn.get(cut)), () => {
      const input = fn.i32.load(fn.get(m.fp), layout.F_INPUT);
      const at = fn.i32.add(input, fn.i32.wrapI64(pushValue(m, position)));
      reverseBytes(m, { base: keep32(m, at), offset: 0 }, { low, high });
    });
  });
  m.push({ kind: 'halves', low, high });
}
