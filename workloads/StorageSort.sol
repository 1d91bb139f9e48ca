// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Fills an array in storage with a pseudo-random row and sorts it by insertion.
contract StorageSort {
    uint256[] private items;

    function run(uint256 count) external returns (uint256 checksum) {
        uint256 seed = 42;
        for (uint256 i = 0; i < count; i++) {
            seed = uint256(keccak256(abi.encode(seed)));
            items.push(seed % 1000);
        }
        for (uint256 i = 1; i < count; i++) {
            uint256 value = items[i];
            uint256 j = i;
            while (j > 0 && items[j - 1] > value) {
                items[j] = items[j - 1];
                j--;
            }
            items[j] = value;
        }
        for (uint256 i = 0; i < count; i++) {
            unchecked {
                checksum = checksum * 31 + items[i];
            }
        }
    }
}
