/**
 * What the precompiles ask of a library: arithmetic on values whose lengths and ranges have been
 * checked. There are two sets: `portable/` runs everywhere, `fast/` on Node.js where its packages
 * are installed. Both give the same bytes for every input.
 *
 * Integers are big-endian. Long work is done in steps of a few milliseconds: it yields between
 * two, and then anything else may run, other calls of the same library included.
 */
export type Steps<T> = Generator<void, T, void>;

/** A digest of bytes that are given one part after the other. */
export interface PartialDigest {
  update(part: Uint8Array): unknown;
  digest(): Uint8Array;
}

export interface Hashes {
  sha256(bytes: Uint8Array): Uint8Array;
  ripemd160(bytes: Uint8Array): Uint8Array;
  /** For long inputs. */
  begin(name: 'sha256' | 'ripemd160'): PartialDigest;
}

export interface Secp256k1 {
  /**
   * The public key (x and y, 64 bytes) that signed a hash of 32 bytes; undefined where there is
   * none. `r` and `s` are 32 bytes, from 1 to below the group's order; `yParity` is 0 or 1.
   */
  recover(hash: Uint8Array, r: Uint8Array, s: Uint8Array, yParity: number): Uint8Array | undefined;
}

export interface P256 {
  /**
   * Whether a key signed a hash: `input` is hash, r, s, x, y of 32 bytes each; r and s from 1 to
   * below the order, x and y below the field's modulus and not both zero.
   */
  verify(input: Uint8Array): boolean;
}

/**
 * Points of G1 are x and y, zero for infinity; each of G2 is x and y of two field elements. All
 * elements are below the field's modulus. `undefined`: one is not on the curve, or not in the
 * group where that matters.
 */
export interface Bn254 {
  /** Two points of 64 bytes. */
  add(points: Uint8Array): Uint8Array | undefined;
  multiply(point: Uint8Array, scalar: Uint8Array): Uint8Array | undefined;
  /** Whether the product of the pairings is one; pairs of 192 bytes, imaginary parts first. */
  pairing(pairs: Uint8Array): Steps<boolean | undefined>;
}

/** Field elements of 48 bytes, so points of 96 and 192; real parts first. */
export interface Bls12381 {
  addG1(points: Uint8Array): Uint8Array | undefined;
  addG2(points: Uint8Array): Uint8Array | undefined;
  /** Sum of products; as many scalars of 32 bytes as points, which must be in the group. */
  msmG1(points: Uint8Array, scalars: Uint8Array): Steps<Uint8Array | undefined>;
  msmG2(points: Uint8Array, scalars: Uint8Array): Steps<Uint8Array | undefined>;
  /** Whether the product of the pairings is one; pairs of 288 bytes. */
  pairing(pairs: Uint8Array): Steps<boolean | undefined>;
  /** RFC 9380, map_to_curve and the cofactor cleared. */
  mapToG1(element: Uint8Array): Uint8Array;
  mapToG2(element: Uint8Array): Uint8Array;
  /** EIP-4844: commitment and proof compressed (48 bytes), z and y 32 bytes below the order. */
  verifyKzg(claim: KzgClaim): Steps<boolean>;
}

export interface KzgClaim {
  readonly commitment: Uint8Array;
  readonly z: Uint8Array;
  readonly y: Uint8Array;
  readonly proof: Uint8Array;
}

/** A set of libraries. Each is loaded when it is first asked for. */
export interface Libraries {
  readonly hashes: Hashes;
  readonly secp256k1: Secp256k1;
  readonly p256: P256;
  readonly bn254: Bn254;
  readonly bls12381: Bls12381;
  /**
   * What loads a library in steps before it is first used; undefined where that is done, or is a
   * moment's work. A set without it loads a library at once.
   */
  readonly opening?: (name: LibraryName) => Steps<void> | undefined;
}

export type LibraryName = Exclude<keyof Libraries, 'opening'>;
