// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ERC721Enumerable} from "@openzeppelin/contracts/token/ERC721/extensions/ERC721Enumerable.sol";

/// OpenZeppelin's ERC-721 with enumeration: tokens minted, given on, some burned.
contract NftLoops is ERC721Enumerable {
    constructor() ERC721("Loops", "LOOP") {}

    /// How many tokens are left, and the sum of those of the first of three holders.
    function run(uint256 count) external returns (uint256 left, uint256 sum) {
        for (uint256 id = 0; id < count; id++) _mint(msg.sender, id);
        for (uint256 id = 0; id < count; id++) transferFrom(msg.sender, holder(id % 3), id);
        for (uint256 id = 0; id < count; id += 4) _burn(id);
        left = totalSupply();
        uint256 held = balanceOf(holder(0));
        for (uint256 i = 0; i < held; i++) sum += tokenOfOwnerByIndex(holder(0), i);
    }

    function holder(uint256 index) private pure returns (address) {
        return address(uint160(0x1000 + index));
    }
}
