// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {OrderBook} from "./OrderBook.sol";

/// The order book as traders use it: an order a transaction.
contract Venue is OrderBook {
    function order(bool buy, uint256 price, uint96 quantity) external {
        place(buy, price, quantity);
    }
}
