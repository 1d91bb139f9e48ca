// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// What traces show: calls of all kinds, failures of all kinds, storage, logs, creations.
contract Inner {
    uint256 public value;
    mapping(address => uint256) public paid;

    event Set(address indexed who, uint256 value);
    error TooLarge(uint256 given, uint256 most);

    constructor(uint256 first) payable {
        value = first;
    }

    function set(uint256 next) external payable returns (uint256 before) {
        before = value;
        value = next;
        paid[msg.sender] += msg.value;
        emit Set(msg.sender, next);
    }

    function refuse(uint256 given) external pure {
        if (given == 1) revert("one is refused");
        if (given == 2) revert TooLarge(given, 1);
        if (given == 3) assert(false);
        if (given == 4) revert();
        if (given == 5) {
            uint256[] memory none = new uint256[](0);
            none[given] = 1;
        }
        if (given == 6) assembly { invalid() }
        if (given == 7) assembly { pop(add(1, mload(0xffffffffff))) }
        while (given == 8) {}
    }

    function write() external returns (uint256) {
        value += 1;
        return value;
    }

    function leave(address payable heir) external {
        selfdestruct(heir);
    }

    receive() external payable {}
}

contract Outer {
    uint256 public value;
    Inner public inner;
    mapping(uint256 => uint256) public slots;

    event Called(bool ok, bytes data);

    constructor() payable {
        inner = new Inner{value: 5}(7);
    }

    function nested(uint256 next) external payable returns (uint256) {
        uint256 before = inner.set{value: msg.value}(next);
        return before + inner.value();
    }

    function catches(uint256 kind) external {
        (bool ok, bytes memory data) = address(inner).call{gas: 60000}(
            abi.encodeCall(Inner.refuse, (kind))
        );
        emit Called(ok, data);
    }

    function fails(uint256 kind) external {
        slots[kind] = 1;
        emit Called(false, "");
        inner.refuse(kind);
    }

    function delegates() external {
        (bool ok, bytes memory data) = address(inner).delegatecall(abi.encodeCall(Inner.write, ()));
        emit Called(ok, data);
    }

    function staticWrite() external {
        (bool ok, bytes memory data) = address(inner).staticcall(abi.encodeCall(Inner.write, ()));
        emit Called(ok, data);
    }

    function makes(bytes32 salt) external returns (address a, address b) {
        a = address(new Inner(1));
        b = address(new Inner{salt: salt}(2));
    }

    function makesAndFails(bytes32 salt) external {
        try new Inner{salt: salt, value: 1 ether}(2) {} catch {}
        try new Inner{salt: salt}(2) {} catch {}
    }

    function ends() external {
        Inner short = new Inner{value: 0}(9);
        short.leave(payable(msg.sender));
    }

    function endsOld() external {
        inner.leave(payable(address(0xdead)));
    }

    function precompiles() external returns (bytes32) {
        bytes32 hash = sha256(abi.encode(block.number, address(this)));
        address who = ecrecover(hash, 27, bytes32(uint256(1)), bytes32(uint256(2)));
        slots[uint160(who)] = uint256(hash);
        return hash;
    }

    function clears(uint256 count) external {
        for (uint256 i = 0; i < count; i++) slots[i] = i + 1;
        for (uint256 i = 0; i < count; i++) slots[i] = 0;
    }

    function pays(address payable to) external payable {
        to.transfer(msg.value);
    }

    function tooMuch(address payable to) external returns (bool ok) {
        (ok, ) = to.call{value: 1000 ether}("");
    }

    function loops(uint256 count) external returns (uint256 sum) {
        for (uint256 i = 0; i < count; i++) sum += i * i;
        value = sum;
    }
}
