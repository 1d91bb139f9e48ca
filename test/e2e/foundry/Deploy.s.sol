// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Counter} from "../src/Counter.sol";

interface Vm {
    function startBroadcast() external;
    function stopBroadcast() external;
}

/// Two contracts, a call of each, and ether for whoever is at 0xbeef.
contract Deploy {
    Vm constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    bool public constant IS_SCRIPT = true;

    function run() external {
        VM.startBroadcast();
        Counter first = new Counter(5);
        Counter second = new Counter(first.count());
        first.add(7);
        second.add(1);
        payable(address(0xbeef)).transfer(1 ether);
        VM.stopBroadcast();
        require(first.count() == 12 && second.count() == 6, "counts of the simulation");
    }
}
