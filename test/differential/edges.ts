/** Values at which 256-bit arithmetic, sizes and offsets turn. */

/** Operands. */
export const EDGES: readonly bigint[] = [
  ...[0n, 1n, 2n, 3n, 31n, 32n, 33n, 63n, 64n, 95n, 96n, 127n, 128n, 255n, 256n, 257n],
  ...[2n ** 16n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n],
  ...[2n ** 64n + 1n, 2n ** 127n, 2n ** 128n - 1n, 2n ** 128n, 2n ** 160n - 1n, 2n ** 160n],
  ...[2n ** 192n - 1n, 2n ** 192n, 2n ** 255n - 1n, 2n ** 255n, 2n ** 255n + 1n],
  ...[2n ** 256n - 32n, 2n ** 256n - 2n, 2n ** 256n - 1n],
];

/** Offsets and sizes of memory and of data. */
export const OFFSETS: readonly bigint[] = [
  ...[0n, 1n, 31n, 32n, 33n, 1_000n, 2n ** 32n - 32n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 32n + 1n],
  ...[2n ** 63n, 2n ** 64n - 32n, 2n ** 64n - 1n, 2n ** 64n, 2n ** 64n + 1n, 2n ** 255n],
  ...[2n ** 256n - 32n, 2n ** 256n - 1n],
];
