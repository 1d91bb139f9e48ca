/**
 * State gas of a byte by which the state grows (EIP-8037, as of the tests of Amsterdam): from the
 * block's gas limit, so that a year of half full blocks makes it grow by 100 GiB, in steps of five
 * significant bits.
 */

const GROWTH_BYTES_YEAR = 100n * 1024n ** 3n;
const BLOCKS_YEAR = 2_628_000n;
const SIGNIFICANT_BITS = 5;
const OFFSET = 9_578n;

export function stateBytePrice(blockGasLimit: bigint): bigint {
  const most = 2n * GROWTH_BYTES_YEAR;
  const raw = (blockGasLimit * BLOCKS_YEAR + most - 1n) / most;
  const shifted = raw + OFFSET;
  const dropped = BigInt(Math.max(shifted.toString(2).length - SIGNIFICANT_BITS, 0));
  const price = ((shifted >> dropped) << dropped) - OFFSET;
  return price > 1n ? price : 1n;
}
