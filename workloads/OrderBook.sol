// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// A limit order book: price levels in a mapping, orders of a level in a queue, price-time priority.
contract OrderBook {
    struct Order {
        address owner;
        uint96 quantity;
    }

    struct Level {
        uint64 head;
        uint64 tail;
    }

    mapping(bool => mapping(uint256 => Level)) private levels;
    mapping(bool => mapping(uint256 => mapping(uint64 => Order))) private orders;
    uint256 private bestBid;
    uint256 private bestAsk = type(uint256).max;
    uint256 public traded;

    event Trade(uint256 price, uint96 quantity);

    function place(bool buy, uint256 price, uint96 quantity) internal {
        while (quantity > 0 && (buy ? bestAsk <= price : bestBid >= price && bestBid != 0)) {
            uint256 at = buy ? bestAsk : bestBid;
            Level storage level = levels[!buy][at];
            while (quantity > 0 && level.head < level.tail) {
                Order storage other = orders[!buy][at][level.head];
                uint96 filled = other.quantity < quantity ? other.quantity : quantity;
                other.quantity -= filled;
                quantity -= filled;
                traded += filled;
                emit Trade(at, filled);
                if (other.quantity == 0) level.head++;
            }
            if (level.head == level.tail) moveBest(!buy, at);
        }
        if (quantity == 0) return;
        Level storage own = levels[buy][price];
        orders[buy][price][own.tail++] = Order(msg.sender, quantity);
        if (buy && price > bestBid) bestBid = price;
        if (!buy && price < bestAsk) bestAsk = price;
    }

    function moveBest(bool buy, uint256 from) private {
        for (uint256 step = 1; step < 64; step++) {
            uint256 price = buy ? from - step : from + step;
            Level storage level = levels[buy][price];
            if (level.head < level.tail) {
                if (buy) bestBid = price;
                else bestAsk = price;
                return;
            }
        }
        if (buy) bestBid = 0;
        else bestAsk = type(uint256).max;
    }

    function run(uint256 count) external returns (uint256) {
        uint256 seed = 7;
        bestAsk = type(uint256).max;
        for (uint256 i = 0; i < count; i++) {
            seed = uint256(keccak256(abi.encode(seed)));
            place(seed & 1 == 0, 10_000 + ((seed >> 8) % 32), uint96(1 + ((seed >> 32) % 10)));
        }
        return traded;
    }
}
