// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IUniswapV3Pool} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Pool.sol";

interface IPair {
    function swap(uint256 amount0Out, uint256 amount1Out, address to, bytes calldata data) external;
    function token0() external view returns (address);
    function token1() external view returns (address);
}

/// Borrows from a pair of v2 and pays what its caller says.
contract PairTrader {
    event Lent(address sender, uint256 amount0, uint256 amount1);

    function borrow(IPair pair, uint256 amount0, uint256 amount1, uint256 pays0, uint256 pays1) external {
        pair.swap(amount0, amount1, address(this), abi.encode(pays0, pays1));
    }

    function uniswapV2Call(address sender, uint256 amount0, uint256 amount1, bytes calldata data) external {
        emit Lent(sender, amount0, amount1);
        (uint256 pays0, uint256 pays1) = abi.decode(data, (uint256, uint256));
        IPair pair = IPair(msg.sender);
        if (pays0 > 0) IERC20(pair.token0()).transfer(msg.sender, pays0);
        if (pays1 > 0) IERC20(pair.token1()).transfer(msg.sender, pays1);
    }
}

/// Calls a pool of v3 and pays from its own balance, with a share (of a hundred) that it holds back.
contract PoolTrader {
    event Swapped(int256 amount0, int256 amount1);
    event Minted(uint256 amount0, uint256 amount1);
    event Flashed(uint256 fee0, uint256 fee1);

    uint256 public heldBack;

    function holdBack(uint256 share) external {
        heldBack = share;
    }

    function mint(IUniswapV3Pool pool, int24 lower, int24 upper, uint128 amount) external {
        (uint256 amount0, uint256 amount1) = pool.mint(address(this), lower, upper, amount, "");
        emit Minted(amount0, amount1);
    }

    function burn(IUniswapV3Pool pool, int24 lower, int24 upper, uint128 amount) external {
        pool.burn(lower, upper, amount);
    }

    function collect(IUniswapV3Pool pool, address to, int24 lower, int24 upper) external {
        pool.collect(to, lower, upper, type(uint128).max, type(uint128).max);
    }

    function swap(IUniswapV3Pool pool, bool zeroForOne, int256 amount, uint160 limit) external {
        (int256 amount0, int256 amount1) = pool.swap(address(this), zeroForOne, amount, limit, "");
        emit Swapped(amount0, amount1);
    }

    function flash(IUniswapV3Pool pool, uint256 amount0, uint256 amount1) external {
        pool.flash(address(this), amount0, amount1, abi.encode(amount0, amount1));
    }

    function uniswapV3MintCallback(uint256 owed0, uint256 owed1, bytes calldata) external {
        _pay(owed0, owed1);
    }

    function uniswapV3SwapCallback(int256 delta0, int256 delta1, bytes calldata) external {
        _pay(delta0 > 0 ? uint256(delta0) : 0, delta1 > 0 ? uint256(delta1) : 0);
    }

    function uniswapV3FlashCallback(uint256 fee0, uint256 fee1, bytes calldata data) external {
        emit Flashed(fee0, fee1);
        (uint256 amount0, uint256 amount1) = abi.decode(data, (uint256, uint256));
        _pay(amount0 + fee0, amount1 + fee1);
    }

    function _pay(uint256 owed0, uint256 owed1) private {
        IUniswapV3Pool pool = IUniswapV3Pool(msg.sender);
        uint256 share = 100 - heldBack;
        if (owed0 > 0) IERC20(pool.token0()).transfer(msg.sender, (owed0 * share) / 100);
        if (owed1 > 0) IERC20(pool.token1()).transfer(msg.sender, (owed1 * share) / 100);
    }
}
