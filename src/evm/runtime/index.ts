// What the runtime exports: to emitted code (opcodes/runtime-calls.ts) and to the host.
export { setScratch } from "./arithmetic/scratch";
export { mul } from "./arithmetic/product";
export { div, sdiv, mod, smod, addmodSlow, mulmodSlow } from "./arithmetic/division";
export { reciprocalOf1 } from "./arithmetic/reciprocal";
export { exp } from "./arithmetic/power";
export { keccak256, keccak256Word } from "./hashes/keccak";
export { blake2fRounds } from "./hashes/blake2f";
export { expandMemory } from "./memory";
export {
  opCallDataCopy, opCodeCopy, opReturnDataCopy, opMCopy, opKeccak256, callDataLoad,
} from "./copies";
export {
  opBalance, opSelfBalance, opExtCodeSize, opExtCodeHash, opExtCodeCopy, opBlockHash, opSload,
  opSstore, opTload, opTstore,
} from "./stateops";
export { opLog } from "./logs";
export { receiptLogs } from "./receipt-logs";
export { opCall, opCreate, opSelfdestruct } from "./calls";
export { transact, resume } from "./transaction";
export { completePrecompile } from "./precompiles";
export { allocate, release } from "./allocator";
export { codesInit, codesCollect, codeCreate, codeByHash } from "./code";
export { overlayInit, nextAccount, nextSlot } from "./state";
export {
  layerFindAccount, layerFindSlot, layerPutAccount, layerPutSlot, layerInit, layerClear, layerEntries, viewPutAccount, viewPutSlot, viewPutHasStorage,
} from "./view";
export { commitTransaction, nextChangedAccount, nextChangedSlot } from "./versions";
