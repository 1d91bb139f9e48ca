/**
 * The fast set, for Node.js: node:crypto's hashes; mcl in WebAssembly and libsecp256k1, where
 * these optional packages are installed, else the portable set. docs/design/precompiles.md has
 * the measurements.
 */
import type {
  Bls12381,
  Bn254,
  Hashes,
  Libraries,
  LibraryName,
  P256,
  Secp256k1,
  Steps,
} from '../libraries.ts';
import { builtin } from '../packages.ts';
import { PORTABLE } from '../portable/libraries.ts';
import { finishAtOnce } from '../precompile.ts';
import { openBls12381 } from './bls12381.ts';
import { openBn254 } from './bn254.ts';
import { hasMcl } from './mcl-module.ts';
import { openP256, openSecp256k1 } from './signatures.ts';

type Opened = { -readonly [Name in LibraryName]?: Libraries[Name] };

class FastLibraries implements Libraries {
  readonly #opened: Opened = {};
  readonly #openers: { readonly [Name in LibraryName]: () => Steps<Libraries[Name]> };

  constructor() {
    const mcl = hasMcl();
    this.#openers = {
      hashes: openHashes,
      secp256k1: orPortable('secp256k1', openSecp256k1),
      p256: orPortable('p256', mcl && openP256),
      bn254: orPortable('bn254', mcl && openBn254),
      bls12381: orPortable('bls12381', mcl && openBls12381),
    };
  }

  get hashes(): Hashes {
    return this.#opened.hashes ?? this.#openAtOnce('hashes');
  }

  get secp256k1(): Secp256k1 {
    return this.#opened.secp256k1 ?? this.#openAtOnce('secp256k1');
  }

  get p256(): P256 {
    return this.#opened.p256 ?? this.#openAtOnce('p256');
  }

  get bn254(): Bn254 {
    return this.#opened.bn254 ?? this.#openAtOnce('bn254');
  }

  get bls12381(): Bls12381 {
    return this.#opened.bls12381 ?? this.#openAtOnce('bls12381');
  }

  opening(name: LibraryName): Steps<void> | undefined {
    return this.#opened[name] === undefined ? this.#open(name) : undefined;
  }

  *#open<Name extends LibraryName>(name: Name): Steps<void> {
    const library = yield* this.#openers[name]();
    // Another call may have opened it between two steps.
    this.#opened[name] ??= library;
  }

  #openAtOnce<Name extends LibraryName>(name: Name): Libraries[Name] {
    finishAtOnce(this.#open(name));
    return this.#opened[name] as Libraries[Name];
  }
}

export const FAST: Libraries = new FastLibraries();

/** The portable one where the packages of the other are not installed. */
function orPortable<Name extends LibraryName>(
  name: Name,
  opener: false | (() => Steps<Libraries[Name] | undefined>),
): () => Steps<Libraries[Name]> {
  return function* open() {
    return (opener && (yield* opener())) || PORTABLE[name];
  };
}

/** Loading node:crypto takes 4 ms. */
function* openHashes(): Steps<Hashes> {
  const crypto = builtin('node:crypto');
  if (crypto === undefined) return PORTABLE.hashes;
  yield;
  // Some builds of OpenSSL leave it out.
  const hasRipemd160 = crypto.getHashes().includes('ripemd160');
  const portable = PORTABLE.hashes;
  return {
    ...portable,
    sha256: (bytes) => crypto.hash('sha256', bytes, 'buffer'),
    ...(hasRipemd160 && { ripemd160: (bytes) => crypto.hash('ripemd160', bytes, 'buffer') }),
    begin: (name) =>
      name === 'sha256' || hasRipemd160 ? crypto.createHash(name) : portable.begin(name),
  };
}
