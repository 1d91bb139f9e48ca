/** The runtime module (AssemblyScript): its exports, and its compiled form, once a process. */
import { RUNTIME, RUNTIME_SHARED } from '../../../build/runtime-bytes.ts';
import { assembledModule } from './assembled.ts';

/** What the host calls. Pointers and sizes are u32, gas is i64. */
export interface RuntimeExports {
  setScratch(address: number): void;
  codesInit(): number;
  codesCollect(machine: number): number;
  overlayInit(ctx: number): number;
  layerInit(layer: number): number;
  layerClear(layer: number): void;
  layerEntries(layer: number): number;
  codeCreate(ctx: number, bytes: number, size: number, hash: number): number;
  codeByHash(ctx: number, hash: number): number;
  keccak256(dst: number, ptr: number, size: number): void;
  transact(ctx: number): number;
  resume(ctx: number): number;
  completePrecompile(ctx: number, ok: number, gasUsed: bigint, output: number, size: number): void;
  viewPutAccount(
    ctx: number,
    address: number,
    exists: number,
    nonce: bigint,
    balance: number,
    hash: number,
  ): number;
  viewPutSlot(ctx: number, address: number, key: number, value: number): number;
  viewPutHasStorage(ctx: number, address: number, has: number): number;
  layerFindAccount(layer: number, address: number): number;
  layerFindSlot(layer: number, account: number, key: number): number;
  layerPutAccount(layer: number, address: number): number;
  layerPutSlot(layer: number, account: number, key: number): number;
  commitTransaction(ctx: number): number;
  nextAccount(ctx: number, entry: number): number;
  nextSlot(ctx: number, entry: number): number;
  nextChangedAccount(ctx: number, entry: number): number;
  receiptLogs(ctx: number, to: number, end: number): number;
  allocate(size: number): number;
}

const MODULES = new Map<boolean, WebAssembly.Module>();

/** The runtime for shared or unshared memory, compiled at its first use. */
export function runtimeModule(shared: boolean): WebAssembly.Module {
  let module = MODULES.get(shared);
  if (module === undefined) {
    module = new WebAssembly.Module(Uint8Array.fromBase64(shared ? RUNTIME_SHARED : RUNTIME));
    MODULES.set(shared, module);
  }
  return module;
}

const KERNELS = new Map<boolean, WebAssembly.Module>();

/** The arithmetic that was assembled and stands beside the runtime, compiled at its first use. */
export function kernelsModule(shared: boolean): WebAssembly.Module {
  let module = KERNELS.get(shared);
  if (module === undefined) {
    module = new WebAssembly.Module(assembledModule('kernels', shared));
    KERNELS.set(shared, module);
  }
  return module;
}
