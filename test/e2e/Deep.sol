// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

// Each line that fails says so at its end.

library Checks {
    error TooLarge(uint256 given, uint256 most);

    function check(uint256 given) internal pure returns (uint256) {
        if (given > 100) {
            revert TooLarge(given, 100); // fails: custom
        }
        return given + 1;
    }
}

contract Inner {
    uint256[] public list;
    address public owner = msg.sender;

    modifier small(uint256 given) {
        require(given < 1000, "modifier says no"); // fails: modifier
        _;
    }

    function enter(uint256 kind, uint256 given) external returns (uint256) {
        return first(kind, given) + 1;
    }

    function guarded(uint256 given) external view small(given) returns (uint256) {
        return list[given]; // fails: index
    }

    function first(uint256 kind, uint256 given) internal returns (uint256) {
        list.push(given);
        if (kind == 1) return second(given) * 2;
        if (kind == 2) return Checks.check(given);
        uint256 divisor = given - list[0];
        return given / divisor; // fails: division
    }

    function second(uint256 given) internal view returns (uint256) {
        uint256 sum = 0;
        for (uint256 i = 0; i < 3; i++) sum += i * given;
        require(sum == 0 && owner == address(this), "deep within"); // fails: require
        return sum;
    }
}

contract Made {
    constructor(uint256 given) {
        assert(given == 0); // fails: constructor
    }
}

contract Outer {
    Inner public inner = new Inner();

    function run(uint256 kind, uint256 given) external returns (uint256) {
        return relay(kind, given) + given;
    }

    function relay(uint256 kind, uint256 given) internal returns (uint256) {
        if (kind == 4) return inner.guarded(given);
        if (kind == 5) return uint256(uint160(address(new Made(given))));
        if (kind == 6) {
            try inner.guarded(5000) {} catch {
                revert("after a catch"); // fails: caught
            }
        }
        return inner.enter(kind, given);
    }
}
