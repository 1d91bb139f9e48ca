// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Prices European options in fixed point (18 decimals): exp, ln, sqrt and a normal distribution.
contract OptionPricing {
    int256 constant ONE = 1e18;

    function exp(int256 x) internal pure returns (int256 sum) {
        int256 whole = x / ONE;
        int256 rest = x % ONE;
        int256 term = ONE;
        sum = ONE;
        for (int256 i = 1; i < 20; i++) {
            term = (term * rest) / (i * ONE);
            sum += term;
        }
        int256 e = 2718281828459045235;
        for (int256 i = 0; i < whole; i++) sum = (sum * e) / ONE;
        for (int256 i = 0; i > whole; i--) sum = (sum * ONE) / e;
    }

    function ln(int256 x) internal pure returns (int256 y) {
        for (uint256 i = 0; i < 8; i++) {
            int256 z = exp(y);
            y += (2 * ONE * (x - z)) / (x + z);
        }
    }

    function sqrt(int256 x) internal pure returns (int256 y) {
        y = x > ONE ? x : ONE;
        for (uint256 i = 0; i < 20; i++) y = (y + (x * ONE) / y) / 2;
    }

    function normal(int256 x) internal pure returns (int256) {
        int256 a = x < 0 ? -x : x;
        int256 t = (ONE * ONE) / (ONE + (a * 231641900000000000) / ONE);
        int256 poly = 1330274429000000000;
        poly = (poly * t) / ONE - 1821255978000000000;
        poly = (poly * t) / ONE + 1781477937000000000;
        poly = (poly * t) / ONE - 356563782000000000;
        poly = (poly * t) / ONE + 319381530000000000;
        int256 density = (398942280401432678 * exp(-(a * a) / (2 * ONE))) / ONE;
        int256 tail = (density * ((poly * t) / ONE)) / ONE;
        return x < 0 ? tail : ONE - tail;
    }

    function call(int256 spot, int256 strike, int256 vol, int256 time) internal pure returns (int256) {
        int256 deviation = (vol * sqrt(time)) / ONE;
        int256 d1 = ((ln((spot * ONE) / strike) + ((vol * vol) / ONE * time) / (2 * ONE)) * ONE) / deviation;
        return (spot * normal(d1)) / ONE - (strike * normal(d1 - deviation)) / ONE;
    }

    function run(uint256 count) external pure returns (int256 sum) {
        for (uint256 i = 0; i < count; i++) {
            sum += call(100 * ONE, (90 + int256(i % 20)) * ONE, 3e17, ONE / 2);
        }
    }
}
