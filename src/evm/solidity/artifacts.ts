/**
 * Which contract a piece of code is: compared with what the compiler gave, leaving out what is
 * filled in later: immutables, addresses of libraries, a library's own address, and the
 * arguments behind creation code.
 */
import { InputError } from '../input.ts';
import type { AbiEntry } from './abi.ts';
import { instructionIndexes, parseSourceMap, type SourceRange } from './source-map.ts';

/** Standard JSON of solc, as far as it is needed; what compilers add is ignored. */
export interface CompilerInput {
  readonly sources: Readonly<Record<string, { readonly content?: string }>>;
}

interface CompiledCode {
  /** Hexadecimal, with `__$...$__` where a library's address belongs. */
  readonly object: string;
  readonly sourceMap?: string;
  readonly linkReferences?: Readonly<Record<string, Readonly<Record<string, readonly Gap[]>>>>;
  readonly immutableReferences?: Readonly<Record<string, readonly Gap[]>>;
}

interface Gap {
  readonly start: number;
  readonly length: number;
}

export interface CompilerOutput {
  readonly contracts?: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly abi?: readonly AbiEntry[];
            readonly evm?: {
              readonly bytecode?: CompiledCode;
              readonly deployedBytecode?: CompiledCode;
            };
          }
        >
      >
    >
  >;
  readonly sources?: Readonly<Record<string, { readonly id: number; readonly ast?: unknown }>>;
}

/** One compilation: what went into the compiler and what came out. */
export interface Compilation {
  readonly input: CompilerInput;
  readonly output: CompilerOutput;
}

/** Code of a contract that a frame can run. */
export interface KnownCode {
  readonly contract: string;
  readonly creation: boolean;
  readonly compilation: Compilation;
  readonly ranges: readonly SourceRange[];
  /** Instruction at each byte. */
  readonly instructions: Uint32Array;
}

interface Candidate extends Omit<KnownCode, 'ranges' | 'instructions'> {
  readonly code: Uint8Array;
  readonly gaps: readonly Gap[];
  readonly sourceMap: string;
}

export interface Artifacts {
  /** All errors of all contracts. */
  readonly abi: readonly AbiEntry[];
  find(code: Uint8Array, creation: boolean): KnownCode | undefined;
}

/**
 * Prepares compilations for lookups. They need `evm.bytecode`, `evm.deployedBytecode` and `abi`
 * in the output selection, and the sources' `ast` where names of functions are wanted.
 * @throws InputError when a compilation holds no contracts
 */
export function loadArtifacts(compilations: readonly Compilation[]): Artifacts {
  const candidates: Candidate[] = [];
  const abi: AbiEntry[] = [];
  for (const compilation of compilations) {
    const { contracts } = compilation.output;
    if (contracts === undefined) {
      throw new InputError(
        'output.contracts',
        contracts,
        'the output of a compiler that succeeded',
      );
    }
    for (const [contract, { abi: entries = [], evm }] of Object.values(contracts).flatMap((file) =>
      Object.entries(file),
    )) {
      abi.push(...entries.filter(({ type }) => type === 'error'));
      const add = (compiled: CompiledCode | undefined, creation: boolean): void => {
        if (compiled === undefined || compiled.object === '') return;
        candidates.push(candidateOf(compiled, { contract, creation, compilation }));
      };
      add(evm?.bytecode, true);
      add(evm?.deployedBytecode, false);
    }
  }
  // Of two that match, the longer creation code is meant: the other is its beginning.
  candidates.sort((a, b) => b.code.length - a.code.length);
  const parsed = new Map<Candidate, KnownCode>();
  return {
    abi,
    find: (code, creation) => {
      const found = candidates.find((each) => each.creation === creation && matches(each, code));
      if (found === undefined) return undefined;
      const known = parsed.get(found) ?? parse(found);
      parsed.set(found, known);
      return known;
    },
  };
}

function candidateOf(
  compiled: CompiledCode,
  named: Pick<Candidate, 'contract' | 'creation' | 'compilation'>,
): Candidate {
  const hex = compiled.object.replaceAll(/__.{36}__/g, '0'.repeat(40));
  const code = Uint8Array.fromHex(hex.replace(/^0x/, ''));
  const gaps = [
    ...Object.values(compiled.immutableReferences ?? {}).flat(),
    ...Object.values(compiled.linkReferences ?? {}).flatMap((file) => Object.values(file).flat()),
  ];
  // A deployed library begins with its own address: PUSH20 address, ADDRESS, EQ.
  if (!named.creation && code[0] === 0x73 && code.subarray(1, 21).every((byte) => byte === 0)) {
    gaps.push({ start: 1, length: 20 });
  }
  return { ...named, code, gaps, sourceMap: compiled.sourceMap ?? '' };
}

function matches({ code, gaps, creation }: Candidate, other: Uint8Array): boolean {
  if (creation ? other.length < code.length : other.length !== code.length) return false;
  const masked = other.slice(0, code.length);
  for (const { start, length } of gaps) {
    masked.set(code.subarray(start, start + length), start);
  }
  return masked.every((byte, index) => byte === code[index]);
}

function parse({ contract, creation, compilation, code, sourceMap }: Candidate): KnownCode {
  return {
    contract,
    creation,
    compilation,
    ranges: parseSourceMap(sourceMap),
    instructions: instructionIndexes(code),
  };
}
