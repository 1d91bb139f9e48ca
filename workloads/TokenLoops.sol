// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// Loops over OpenZeppelin's ERC-20, each iteration an external call: as evm-bench does.
contract TokenLoops is ERC20 {
    constructor() ERC20("Loops", "LOOP") {}

    function mint(uint256 count) external returns (uint256) {
        for (uint256 i = 0; i < count; i++) _mint(msg.sender, 1e18);
        return totalSupply();
    }

    function transferLoop(uint256 count) external returns (uint256) {
        _mint(msg.sender, 1e24);
        for (uint256 i = 0; i < count; i++) transfer(address(uint160(0x1000 + (i & 15))), 1e15);
        return balanceOf(msg.sender);
    }

    function approvalLoop(uint256 count) external returns (uint256) {
        _mint(msg.sender, 1e24);
        for (uint256 i = 0; i < count; i++) {
            this.approvedTransfer(msg.sender, 1e15);
        }
        return balanceOf(msg.sender);
    }

    function approvedTransfer(address owner, uint256 amount) external {
        _approve(owner, msg.sender, amount);
        transferFrom(owner, address(0xbeef), amount);
    }
}
