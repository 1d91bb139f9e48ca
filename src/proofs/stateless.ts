/**
 * Stateless execution: a block held against every rule with its witness for all of its parent's
 * state, on the machine and the executor that import blocks. And the collector of such witnesses,
 * which executes the block in the same way and writes down what that took.
 */

import type { Block } from '../chain/blocks/block.ts';
import {
  checkBlock,
  checkOutcome,
  type ReadBlock,
  readBlock,
} from '../chain/blocks/block-rules.ts';
import { InvalidBlock } from '../chain/blocks/fault.ts';
import { type BlockHeader, encodeHeader } from '../chain/blocks/header.ts';
import { outcomeFields } from '../chain/blocks/outcome-fields.ts';
import type { Chain } from '../chain/chain.ts';
import { type BlockRules, type ChainSpec, ForkTimeline } from '../chain/chain-spec.ts';
import { type BlockOutcome, executeBlock } from '../chain/executor/sequential.ts';
import { createEVM } from '../evm/evm.ts';
import type { Address, Engine, Hash } from '../evm/types.ts';
import { ProvenNodes, type StateTries } from './state-prover.ts';
import { ProofError } from './trie-node.ts';
import {
  type Ancestor,
  ancestorsOf,
  RecordingSources,
  type StateSources,
  type Witness,
  WitnessSources,
} from './witness.ts';
import { WitnessState } from './witness-state.ts';

export interface StatelessSetting {
  readonly spec: ChainSpec;
  /** `interpreter` when left out: code that runs once is not worth compiling. */
  readonly engine?: Engine;
  /**
   * Difficulty of all blocks up to the parent, which no header says. Needed just before the merge,
   * for networks that reach it by difficulty; when left out, a block without difficulty is behind
   * it.
   */
  readonly parentTotalDifficulty?: bigint;
}

/** A block that was executed. */
export interface ExecutedBlock {
  readonly block: Block;
  readonly parent: BlockHeader;
  readonly outcome: BlockOutcome;
}

/**
 * Checks and executes a block given as RLP upon the state that the witness holds.
 * @throws InvalidBlock naming the rule that the block breaks
 * @throws ProofError naming what the witness lacks, or what is wrong with it: nothing is known of
 *   the block then
 */
export async function verifyBlock(
  setting: StatelessSetting,
  bytes: Uint8Array,
  witness: Witness,
): Promise<ExecutedBlock> {
  const read = readAlone(bytes);
  const ancestors = ancestorsOf(witness, read.block.header.parentHash);
  const sources = new WitnessSources(witness, ancestors);
  return await run(setting, read, ancestors[0].header, sources);
}

/** What a witness is collected from. */
export interface ParentState {
  readonly tries: StateTries;
  code(hash: Hash): Uint8Array | undefined;
  /** An ancestor of the block, by its hash. */
  ancestor(hash: Hash): BlockHeader | undefined;
}

/**
 * The witness of a valid block given as RLP: exactly what its execution asks the state for.
 * @throws InvalidBlock
 */
export async function collectWitness(
  setting: StatelessSetting,
  bytes: Uint8Array,
  state: ParentState,
): Promise<Witness> {
  return collect(setting, readAlone(bytes), state);
}

async function collect(
  setting: StatelessSetting,
  read: ReadBlock,
  { tries, code, ancestor }: ParentState,
): Promise<Witness> {
  const { header } = read.block;
  const ancestors = lineOf(header, ancestor);
  const [parent] = ancestors;
  if (parent === undefined) {
    const message = `parent ${header.parentHash} is not known`;
    throw new InvalidBlock('block/unknown parent', message);
  }
  const hashes = new Map(ancestors.map(({ header, hash }) => [header.number, hash]));
  const recording = new RecordingSources({
    accounts: new ProvenNodes(tries.accountTrie),
    storage: (address: Address) => new ProvenNodes(tries.storageTrie(address)),
    code,
    blockHash: (number: bigint) => hashes.get(number),
  });
  await run({ ...setting, forgetsUndoneCodes: true }, read, parent.header, recording);
  const oldest = recording.oldestBlock ?? parent.header.number;
  const headers = ancestors.filter(
    (at) => at.header === parent.header || at.header.number >= oldest,
  );
  return {
    state: recording.state,
    codes: recording.codes,
    headers: headers.reverse().map(({ header }) => encodeHeader(header)),
  };
}

/** The witness of a block of a chain. @throws Error for one that the chain does not have */
export async function witnessOf(chain: Chain, bytes: Uint8Array): Promise<Witness> {
  const read = readAlone(bytes);
  const { parentHash } = read.block.header;
  const parent = chain.known(parentHash);
  if (parent === undefined) throw new Error(`chain: there is no block ${parentHash}`);
  const { totalDifficulty: parentTotalDifficulty } = parent;
  return chain.withTries(parent.hash, (tries) =>
    collect({ spec: chain.spec, parentTotalDifficulty }, read, {
      tries,
      code: (hash) => tries.getCode(hash),
      ancestor: (hash) => chain.known(hash)?.header,
    }),
  );
}

/** BLOCKHASH reaches so far back. */
const ANCESTORS = 256;

/** Ancestors as far as they can be asked for, the parent first. */
function lineOf(
  header: BlockHeader,
  ancestor: (hash: Hash) => BlockHeader | undefined,
): Ancestor[] {
  const line: Ancestor[] = [];
  let hash = header.parentHash;
  while (line.length < ANCESTORS) {
    const next = ancestor(hash);
    if (next === undefined) break;
    line.push({ hash, header: next });
    hash = next.parentHash;
  }
  return line;
}

function readAlone(bytes: Uint8Array): ReadBlock {
  const read = readBlock(bytes);
  if (read.block.uncles.length > 0) {
    const message = 'a block with uncles is checked against its ancestors’ bodies: import it';
    throw new ProofError('proof/missing', message);
  }
  return read;
}

interface RunSetting extends StatelessSetting {
  /** For a witness: other verifiers find no code that only undone frames had. */
  readonly forgetsUndoneCodes?: boolean;
}

async function run(
  { spec, engine = 'interpreter', forgetsUndoneCodes = false, ...setting }: RunSetting,
  read: ReadBlock,
  parent: BlockHeader,
  sources: StateSources,
): Promise<ExecutedBlock> {
  const { block } = read;
  const { header } = block;
  const merged = header.difficulty === 0n ? MERGED : 0n;
  const blockRules: BlockRules = new ForkTimeline(spec).at({
    number: header.number,
    timestamp: header.timestamp,
    parentTotalDifficulty: setting.parentTotalDifficulty ?? merged,
  });
  checkBlock(read, parent, blockRules, spec);
  const state = new WitnessState(parent.stateRoot, sources);
  // A machine that has run before knows codes that this witness may lack; CODE_KNOWN sees to the
  // codes that this block makes and takes back.
  const evm = createEVM({ rules: blockRules.rules, engine, forgetsUndoneCodes });
  const outcome = await executeBlock({ spec, blockRules, evm, state }, block);
  checkOutcome(header, outcomeFields(outcome, state.root(), blockRules));
  return { block, parent, outcome };
}

/** More than any chain's difficulty. */
const MERGED = 2n ** 256n;
