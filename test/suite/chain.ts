/**
 * What the tests have in hand, whichever Hardhat runs them: its ethers, its helpers, chai with its
 * matchers, and contracts by name. The Hardhat's folder (SUITE_HARDHAT) tells its own way to them.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Ethers from 'ethers';
import { compileSuite } from './compile.ts';

// What a contract has is known from its ABI alone, and matchers are added to chai while it runs.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Any = any;

type Case = (name: string, work: () => unknown) => void;

/** Of Mocha, which both Hardhats bring. */
declare global {
  const describe: Case;
  const it: Case;
}

export interface Signer extends Ethers.Signer {
  readonly address: string;
}

interface Snapshot {
  restore(): Promise<void>;
}

/** Those that `@nomicfoundation/hardhat-network-helpers` 1 and 3 have alike; times in seconds. */
interface Helpers {
  loadFixture<T>(fixture: () => Promise<T>): Promise<T>;
  takeSnapshot(): Promise<Snapshot>;
  mine(blocks?: number, options?: { interval: number }): Promise<void>;
  mineUpTo(block: number): Promise<void>;
  setBalance(address: string, wei: bigint): Promise<void>;
  setCode(address: string, code: string): Promise<void>;
  setNonce(address: string, nonce: number): Promise<void>;
  setStorageAt(address: string, slot: number | string, value: string | bigint): Promise<void>;
  getStorageAt(address: string, slot: number | string): Promise<string>;
  setCoinbase(address: string): Promise<void>;
  setNextBlockBaseFeePerGas(wei: bigint): Promise<void>;
  impersonateAccount(address: string): Promise<void>;
  stopImpersonatingAccount(address: string): Promise<void>;
  readonly time: {
    latest(): Promise<number>;
    latestBlock(): Promise<number>;
    increase(seconds: number): Promise<number>;
    increaseTo(time: number): Promise<void>;
    setNextBlockTimestamp(time: number): Promise<void>;
  };
}

interface Chain {
  readonly ethers: typeof Ethers & {
    readonly provider: Ethers.JsonRpcApiProvider;
    getSigners(): Promise<readonly [Signer, Signer, Signer, Signer, Signer, ...Signer[]]>;
    getImpersonatedSigner(address: string): Promise<Signer>;
    getSigner(address: string): Promise<Signer>;
  };
  readonly expect: (value: unknown, message?: string) => Any;
  readonly helpers: Helpers;
  request(method: string, params?: readonly unknown[]): Promise<Any>;
}

const { SUITE_HARDHAT } = process.env;
if (SUITE_HARDHAT === undefined) throw new Error('the tests are run by `hardhat test`');
const found = (await import(pathToFileURL(join(SUITE_HARDHAT, 'chain.mjs')).href)) as Chain;

export const ethers: Chain['ethers'] = found.ethers;
export const expect: Chain['expect'] = found.expect;
export const helpers: Helpers = found.helpers;
export const request: Chain['request'] = found.request;

/** Whether each transaction gets a block at once. */
let mines = true;

/** Transactions get a block when `helpers.mine` says so, for as long as some work lasts. */
export async function miningByHand(work: () => Promise<void>): Promise<void> {
  mines = false;
  await request('evm_setAutomine', [false]);
  try {
    await work();
  } finally {
    await request('evm_setAutomine', [true]);
    mines = true;
  }
}

const WAIT_MS_MAX = 10_000;

/**
 * Anvil answers before the transaction has its block, and shows the receipt before its pool has let
 * the transaction go: a snapshot that is restored in between sees it mined again.
 * @throws Error where the transaction fails
 */
async function mined(hash: string): Promise<void> {
  const receipt = await once(
    () => request('eth_getTransactionReceipt', [hash]),
    `block of ${hash}`,
  );
  if (receipt.status === '0x0') throw new Error(`${hash} failed in its block`);
  if (!hasPool) return;
  await once(async () => BigInt((await request('txpool_status')).pending) === 0n || null, 'pool');
}

/** The first answer that is not null. @throws Error where none comes in time */
async function once(ask: () => Promise<Any>, what: string): Promise<Any> {
  const deadline = Date.now() + WAIT_MS_MAX;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (Date.now() > deadline) throw new Error(`waited for the ${what} in vain`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Hardhat's own network has none to ask about. */
const hasPool = (await failureOf(request('txpool_status'))) === undefined;
const signerKind = Object.getPrototypeOf((await ethers.getSigners())[0]) as Signer;
const { sendTransaction } = signerKind;
signerKind.sendTransaction = async function (transaction) {
  const sent = await sendTransaction.call(this, transaction);
  if (mines) await mined(sent.hash);
  return sent;
};

// Mocha reports what was compared as JSON, which has no bigint.
Object.defineProperty(BigInt.prototype, 'toJSON', {
  value(this: bigint) {
    return `${this}`;
  },
});

/** One token, of 18 decimals. */
export const ONE: bigint = 10n ** 18n;

const PACKAGES = join(import.meta.dirname, '..', '..', 'node_modules');
/** Files of compiled contracts that packages carry, by the prefix of a contract's name. */
const SHIPPED: Readonly<Record<string, (name: string) => string>> = {
  oz: (name) => `@openzeppelin/contracts/build/contracts/${name}.json`,
  v2: (name) => `@uniswap/v2-core/build/${name}.json`,
  v3: (name) => `@uniswap/v3-core/artifacts/contracts/${name}.sol/${name}.json`,
  v4: (name) => `@uniswap/v4-core/out/${name}.sol/${name}.json`,
};

interface Artifact {
  readonly abi: Ethers.Interface;
  readonly bytecode: string;
  readonly deployedBytecode: string;
}

interface ArtifactFile {
  readonly abi: Ethers.InterfaceAbi;
  readonly bytecode: string | { readonly object: string };
  readonly deployedBytecode?: string | { readonly object: string };
}

const own = JSON.parse(readFileSync(compileSuite(), 'utf8')) as Record<string, ArtifactFile>;
const read = new Map<string, Artifact>();

/** Of a name as `Coin` (of the suite) or `v2/UniswapV2Pair`. @throws RangeError */
export function artifactOf(name: string): Artifact {
  const known = read.get(name);
  if (known !== undefined) return known;
  const [prefix = '', shipped] = name.split('/');
  const pathOf = SHIPPED[prefix];
  const file =
    shipped === undefined || pathOf === undefined
      ? own[name]
      : (JSON.parse(readFileSync(join(PACKAGES, pathOf(shipped)), 'utf8')) as ArtifactFile);
  if (file === undefined) throw new RangeError(`no contract ${name}`);
  const digits = (code: ArtifactFile['bytecode'] = '') =>
    typeof code === 'string' ? code : code.object;
  const artifact = {
    abi: new ethers.Interface(file.abi),
    bytecode: digits(file.bytecode),
    deployedBytecode: digits(file.deployedBytecode),
  };
  read.set(name, artifact);
  return artifact;
}

export async function deploy(name: string, ...args: readonly unknown[]): Promise<Any> {
  const [signer] = await ethers.getSigners();
  const { abi, bytecode } = artifactOf(name);
  const made = await new ethers.ContractFactory(abi, bytecode, signer).deploy(...args);
  await made.waitForDeployment();
  return made;
}

/** The contract at an address, for the first signer. */
export async function at(name: string, address: unknown): Promise<Any> {
  const [signer] = await ethers.getSigners();
  return new ethers.Contract(
    await ethers.resolveAddress(address as string),
    artifactOf(name).abi,
    signer,
  );
}

/** Arguments of the first event of a name in what a contract's transaction logged. */
export async function eventOf(sent: Promise<Any>, contract: Any, name: string): Promise<Any> {
  const receipt = await (await sent).wait();
  for (const log of receipt.logs) {
    const event = contract.interface.parseLog(log);
    if (event?.name === name) return event.args;
  }
  throw new Error(`no event ${name}`);
}

/** What a promise is rejected with; undefined where it is not. */
export async function failureOf(sent: Promise<unknown>): Promise<unknown> {
  try {
    await sent;
    return undefined;
  } catch (error) {
    return error;
  }
}
