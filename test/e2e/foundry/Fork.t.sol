// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Counter} from "../src/Counter.sol";

interface Vm {
    function createFork(string calldata url, uint256 number) external returns (uint256);
    function createSelectFork(string calldata url) external returns (uint256);
    function createSelectFork(string calldata url, bytes32 transaction) external returns (uint256);
    function selectFork(uint256 fork) external;
    function rollFork(uint256 number) external;
    function envAddress(string calldata name) external view returns (address);
    function envUint(string calldata name) external view returns (uint256);
    function envBytes32(string calldata name) external view returns (bytes32);
    function envString(string calldata name) external view returns (string memory);
    function load(address account, bytes32 slot) external view returns (bytes32);
    function expectRevert(bytes calldata reason) external;
}

/// Upon what Deploy.s.sol has deployed: 5, then 12 from the block ADDED_IN on.
/// No two of the tests fork the same older block: forge 1.7.1 then gives one of them the number of
/// another block, whatever the node.
contract ForkTest {
    Vm constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    Counter counter = Counter(payable(VM.envAddress("COUNTER")));
    uint256 addedIn = VM.envUint("ADDED_IN");

    function testReads() external view {
        require(counter.count() == 12, "count");
        require(block.chainid == 31337 && address(counter).code.length > 0, "code");
        require(address(0xbeef).balance == 1 ether, "balance");
        require(blockhash(block.number - 1) != 0, "hash");
        require(VM.load(address(counter), 0) == bytes32(uint256(12)), "slot");
    }

    function testChangesStayHere() external {
        require(counter.add(1) == 13, "added");
        VM.expectRevert(abi.encodeWithSignature("Error(string)", "nothing to add"));
        counter.add(0);
    }

    function testRollsBack() external {
        VM.rollFork(addedIn - 2);
        require(block.number == addedIn - 2, "number");
        require(counter.count() == 5, "before");
        VM.rollFork(addedIn);
        require(counter.count() == 12, "after");
        VM.rollFork(0);
        require(address(counter).code.length == 0, "before all");
        require(address(0xbeef).balance == 0, "balance");
    }

    function testForksOfItsOwn() external {
        string memory url = VM.envString("URL");
        uint256 old = VM.createFork(url, addedIn - 1);
        uint256 head = VM.createSelectFork(url);
        require(counter.count() == 12, "head");
        VM.selectFork(old);
        require(counter.count() == 5, "old");
        require(counter.add(1) == 6, "added to the old one");
        VM.selectFork(head);
        require(counter.count() == 12, "head again");
        VM.selectFork(old);
        require(counter.count() == 6, "old again");
    }

    function testWithinABlock() external {
        VM.createSelectFork(VM.envString("URL"), VM.envBytes32("ADDED_BY"));
        require(block.number == addedIn, "number");
        require(counter.count() == 5, "before the transaction");
    }
}
