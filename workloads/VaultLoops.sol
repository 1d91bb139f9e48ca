// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {Coin} from "./Coin.sol";

/// OpenZeppelin's ERC-4626 vault over an ERC-20 of its own: deposits, gains, withdrawals.
contract Vault is ERC4626 {
    constructor(Coin coin) ERC20("Vault", "VLT") ERC4626(coin) {}
}

contract VaultLoops {
    /// Shares and assets that are left.
    function run(uint256 count) external returns (uint256 shares, uint256 assets) {
        Coin coin = new Coin();
        Vault vault = new Vault(coin);
        coin.mint(address(this), 1e24);
        coin.approve(address(vault), type(uint256).max);
        for (uint256 i = 0; i < count; i++) {
            vault.deposit(1e18 + i, address(this));
            if (i % 8 == 7) coin.mint(address(vault), 1e16);
            if (i % 2 == 1) vault.withdraw(5e17, address(this), address(this));
        }
        return (vault.balanceOf(address(this)), vault.totalAssets());
    }
}
