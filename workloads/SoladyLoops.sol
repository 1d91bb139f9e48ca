// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Base64} from "solady/src/utils/Base64.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {LibSort} from "solady/src/utils/LibSort.sol";
import {RedBlackTreeLib} from "solady/src/utils/RedBlackTreeLib.sol";

/// Libraries of Solady, which are mostly assembly by hand.
contract SoladyLoops {
    using RedBlackTreeLib for RedBlackTreeLib.Tree;

    RedBlackTreeLib.Tree private tree;

    /// Sorts `count` pseudo-random words in memory; a checksum of the row.
    function sort(uint256 count) external pure returns (uint256 checksum) {
        uint256[] memory items = new uint256[](count);
        uint256 seed = 42;
        for (uint256 i = 0; i < count; i++) {
            seed = next(seed);
            items[i] = seed;
        }
        LibSort.sort(items);
        unchecked {
            for (uint256 i = 0; i < count; i++) checksum = checksum * 31 + items[i];
        }
    }

    /// Sums of roots, and of exp and ln of numbers with 18 decimals.
    function math(uint256 count) external pure returns (uint256 roots, int256 exponentials, int256 logarithms) {
        for (uint256 i = 1; i <= count; i++) {
            roots += FixedPointMathLib.sqrt(i * 1e30) + FixedPointMathLib.cbrt(i * 1e30);
            exponentials += FixedPointMathLib.expWad(int256(i) * 1e16 - 2e18);
            logarithms += FixedPointMathLib.lnWad(int256(i) * 1e17);
        }
    }

    /// Bytes 0, 1, 2, ... in Base64, hashed.
    function base64(uint256 size) external pure returns (bytes32) {
        bytes memory data = new bytes(size);
        for (uint256 i = 0; i < size; i++) data[i] = bytes1(uint8(i));
        return keccak256(bytes(Base64.encode(data)));
    }

    /// A red-black tree in storage: words put in, walked through in order; a checksum of the row.
    function walk(uint256 count) external returns (uint256 checksum) {
        uint256 seed = 42;
        for (uint256 i = 0; i < count; i++) {
            seed = next(seed);
            tree.insert(seed >> 96);
        }
        bytes32 at = tree.first();
        unchecked {
            while (at != 0) {
                checksum = checksum * 31 + RedBlackTreeLib.value(at);
                at = RedBlackTreeLib.next(at);
            }
        }
    }

    function next(uint256 seed) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed)));
    }
}
