// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Coin} from "./Coin.sol";

/// Swaps back and forth in pools of Uniswap's own bytecode, as its packages publish it.
abstract contract Trader {
    Coin internal coin0;
    Coin internal coin1;

    function takeCoins(Coin a, Coin b) internal {
        (coin0, coin1) = address(a) < address(b) ? (a, b) : (b, a);
        coin0.mint(address(this), 1e30);
        coin1.mint(address(this), 1e30);
    }
}

interface V2Factory {
    function createPair(Coin a, Coin b) external returns (V2Pair);
}

interface V2Pair {
    function mint(address to) external returns (uint256);
    function swap(uint256 out0, uint256 out1, address to, bytes calldata data) external;
    function getReserves() external view returns (uint112, uint112, uint32);
}

contract UniswapV2Loops is Trader {
    V2Pair private pair;

    function setUp(V2Factory factory, Coin a, Coin b) external {
        takeCoins(a, b);
        pair = factory.createPair(coin0, coin1);
        coin0.transfer(address(pair), 1e24);
        coin1.transfer(address(pair), 2e24);
        pair.mint(address(this));
    }

    /// The reserves after `count` swaps.
    function run(uint256 count) external returns (uint256 reserve0, uint256 reserve1) {
        (reserve0, reserve1,) = pair.getReserves();
        for (uint256 i = 0; i < count; i++) {
            uint256 paid = 1e18 + i * 1e15;
            if (i & 1 == 0) {
                coin0.transfer(address(pair), paid);
                pair.swap(0, bought(paid, reserve0, reserve1), address(this), "");
            } else {
                coin1.transfer(address(pair), paid);
                pair.swap(bought(paid, reserve1, reserve0), 0, address(this), "");
            }
            (reserve0, reserve1,) = pair.getReserves();
        }
    }

    function bought(uint256 paid, uint256 reserveIn, uint256 reserveOut) private pure returns (uint256) {
        uint256 afterFee = paid * 997;
        return (afterFee * reserveOut) / (reserveIn * 1000 + afterFee);
    }
}

interface V3Factory {
    function createPool(Coin a, Coin b, uint24 fee) external returns (V3Pool);
}

interface V3Pool {
    function initialize(uint160 sqrtPriceX96) external;
    function mint(address to, int24 lower, int24 upper, uint128 amount, bytes calldata data)
        external
        returns (uint256, uint256);
    function swap(address to, bool zeroForOne, int256 amount, uint160 sqrtPriceLimitX96, bytes calldata data)
        external
        returns (int256, int256);
    function slot0() external view returns (uint160, int24, uint16, uint16, uint16, uint8, bool);
}

uint160 constant SQRT_PRICE_MIN = 4295128740;
uint160 constant SQRT_PRICE_MAX = 1461446703485210103287273052203988822378723970341;
// 1.25 with 96 bits behind the point: far from where a word of the pools' bitmaps of ticks ends.
uint160 constant SQRT_PRICE_START = 5 << 94;
uint128 constant LIQUIDITY = 1e24;

contract UniswapV3Loops is Trader {
    V3Pool private pool;

    function setUp(V3Factory factory, Coin a, Coin b) external {
        takeCoins(a, b);
        pool = factory.createPool(coin0, coin1, 3000);
        pool.initialize(SQRT_PRICE_START);
        pool.mint(address(this), -60000, 60000, LIQUIDITY, "");
    }

    /// What was bought in all, and the square root of the price after `count` swaps.
    function run(uint256 count) external returns (uint256 bought, uint160 sqrtPriceX96) {
        for (uint256 i = 0; i < count; i++) {
            bool zeroForOne = i & 1 == 0;
            uint160 limit = zeroForOne ? SQRT_PRICE_MIN : SQRT_PRICE_MAX;
            (int256 amount0, int256 amount1) =
                pool.swap(address(this), zeroForOne, int256(1e21 + i * 1e18), limit, "");
            bought += uint256(-(zeroForOne ? amount1 : amount0));
        }
        (sqrtPriceX96,,,,,,) = pool.slot0();
    }

    function uniswapV3MintCallback(uint256 owed0, uint256 owed1, bytes calldata) external {
        coin0.transfer(msg.sender, owed0);
        coin1.transfer(msg.sender, owed1);
    }

    function uniswapV3SwapCallback(int256 owed0, int256 owed1, bytes calldata) external {
        if (owed0 > 0) coin0.transfer(msg.sender, uint256(owed0));
        if (owed1 > 0) coin1.transfer(msg.sender, uint256(owed1));
    }
}

interface V4Manager {
    struct Key {
        Coin currency0;
        Coin currency1;
        uint24 fee;
        int24 tickSpacing;
        address hooks;
    }

    struct Liquidity {
        int24 lower;
        int24 upper;
        int256 change;
        bytes32 salt;
    }

    struct Swap {
        bool zeroForOne;
        /// Negative: exactly this is paid.
        int256 amount;
        uint160 sqrtPriceLimitX96;
    }

    function initialize(Key memory key, uint160 sqrtPriceX96) external returns (int24);
    function unlock(bytes calldata data) external returns (bytes memory);
    function modifyLiquidity(Key memory key, Liquidity memory liquidity, bytes calldata data)
        external
        returns (int256, int256);
    function swap(Key memory key, Swap memory swap_, bytes calldata data) external returns (int256);
    function sync(Coin coin) external;
    function settle() external payable returns (uint256);
    function take(Coin coin, address to, uint256 amount) external;
    function extsload(bytes32 slot) external view returns (bytes32);
}

contract UniswapV4Loops is Trader {
    /// Slot of the manager's mapping of pools.
    uint256 private constant POOLS_SLOT = 6;

    V4Manager private manager;

    function setUp(V4Manager manager_, Coin a, Coin b) external {
        takeCoins(a, b);
        manager = manager_;
        manager.initialize(key(), SQRT_PRICE_START);
        manager.unlock("");
    }

    /// What was bought in all, and the square root of the price after `count` swaps.
    function run(uint256 count) external returns (uint256 bought, uint160 sqrtPriceX96) {
        bought = abi.decode(manager.unlock(abi.encode(count)), (uint256));
        bytes32 id = keccak256(abi.encode(key()));
        sqrtPriceX96 = uint160(uint256(manager.extsload(keccak256(abi.encode(id, POOLS_SLOT)))));
    }

    function unlockCallback(bytes calldata data) external returns (bytes memory) {
        if (data.length > 0) return abi.encode(swaps(abi.decode(data, (uint256))));
        (int256 delta,) = manager.modifyLiquidity(
            key(), V4Manager.Liquidity(-60000, 60000, int256(uint256(LIQUIDITY)), 0), ""
        );
        pay(coin0, uint128(-int128(delta >> 128)));
        pay(coin1, uint128(-int128(delta)));
        return "";
    }

    function swaps(uint256 count) private returns (uint256 bought) {
        for (uint256 i = 0; i < count; i++) {
            bool zeroForOne = i & 1 == 0;
            uint256 paid = 1e21 + i * 1e18;
            uint160 limit = zeroForOne ? SQRT_PRICE_MIN : SQRT_PRICE_MAX;
            int256 delta = manager.swap(key(), V4Manager.Swap(zeroForOne, -int256(paid), limit), "");
            pay(zeroForOne ? coin0 : coin1, paid);
            uint256 amount = uint128(zeroForOne ? int128(delta) : int128(delta >> 128));
            manager.take(zeroForOne ? coin1 : coin0, address(this), amount);
            bought += amount;
        }
    }

    function pay(Coin coin, uint256 amount) private {
        manager.sync(coin);
        coin.transfer(address(manager), amount);
        manager.settle();
    }

    function key() private view returns (V4Manager.Key memory) {
        return V4Manager.Key(coin0, coin1, 3000, 60, address(0));
    }
}
