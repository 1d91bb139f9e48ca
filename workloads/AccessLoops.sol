// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";

/// OpenZeppelin's AccessControl and EnumerableSet: roles granted, asked for, taken back.
contract AccessLoops is AccessControl {
    using EnumerableSet for EnumerableSet.AddressSet;

    EnumerableSet.AddressSet private members;

    /// How often a member was found, and how many are left.
    function run(uint256 count) external returns (uint256 found, uint256 left) {
        for (uint256 i = 0; i < count; i++) {
            _grantRole(role(i), account(i));
            members.add(account(i));
        }
        for (uint256 i = 0; i < 4 * count; i++) {
            if (hasRole(role(i), account(i % count)) && members.contains(account(i % count))) found++;
        }
        for (uint256 i = 0; i < count; i += 2) {
            _revokeRole(role(i), account(i));
            members.remove(account(i));
        }
        for (uint256 i = 0; i < count; i++) if (hasRole(role(i), account(i))) left++;
        require(left == members.length());
    }

    function role(uint256 i) private pure returns (bytes32) {
        return keccak256(abi.encode("role", i & 7));
    }

    function account(uint256 i) private pure returns (address) {
        return address(uint160(0x1000 + i));
    }
}
