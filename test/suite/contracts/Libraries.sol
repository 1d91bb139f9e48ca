// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ShortStrings, ShortString} from "@openzeppelin/contracts/utils/ShortStrings.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import {DoubleEndedQueue} from "@openzeppelin/contracts/utils/structs/DoubleEndedQueue.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {Heap} from "@openzeppelin/contracts/utils/structs/Heap.sol";

contract Libraries {
    using EnumerableSet for EnumerableSet.UintSet;
    using DoubleEndedQueue for DoubleEndedQueue.Bytes32Deque;
    using BitMaps for BitMaps.BitMap;
    using Checkpoints for Checkpoints.Trace208;
    using Heap for Heap.Uint256Heap;

    EnumerableSet.UintSet private set;
    DoubleEndedQueue.Bytes32Deque private queue;
    BitMaps.BitMap private bits;
    Checkpoints.Trace208 private trace;
    Heap.Uint256Heap private heap;

    function mulDiv(uint256 a, uint256 b, uint256 c) external pure returns (uint256) {
        return Math.mulDiv(a, b, c);
    }

    function sqrt(uint256 a) external pure returns (uint256) {
        return Math.sqrt(a);
    }

    function log10(uint256 a) external pure returns (uint256) {
        return Math.log10(a);
    }

    function invMod(uint256 a, uint256 n) external pure returns (uint256) {
        return Math.invMod(a, n);
    }

    function modExp(uint256 b, uint256 e, uint256 m) external view returns (uint256) {
        return Math.modExp(b, e, m);
    }

    function toUint8(uint256 a) external pure returns (uint8) {
        return SafeCast.toUint8(a);
    }

    function toInt256(uint256 a) external pure returns (int256) {
        return SafeCast.toInt256(a);
    }

    function toText(uint256 a) external pure returns (string memory, string memory) {
        return (Strings.toString(a), Strings.toHexString(a));
    }

    function checksummed(address a) external pure returns (string memory) {
        return Strings.toChecksumHexString(a);
    }

    function parse(string calldata text) external pure returns (uint256) {
        return Strings.parseUint(text);
    }

    function base64(bytes calldata data) external pure returns (string memory) {
        return Base64.encode(data);
    }

    function short(string calldata text) external pure returns (string memory) {
        return ShortStrings.toString(ShortStrings.toShortString(text));
    }

    function addToSet(uint256[] calldata values) external {
        for (uint256 i = 0; i < values.length; i++) set.add(values[i]);
    }

    function removeFromSet(uint256 value) external {
        set.remove(value);
    }

    function setValues() external view returns (uint256[] memory) {
        return set.values();
    }

    function push(bytes32 value, bool front) external {
        front ? queue.pushFront(value) : queue.pushBack(value);
    }

    function pop(bool front) external {
        front ? queue.popFront() : queue.popBack();
    }

    function queued(uint256 index) external view returns (bytes32) {
        return queue.at(index);
    }

    function queueLength() external view returns (uint256) {
        return queue.length();
    }

    function setBits(uint256[] calldata indices) external {
        for (uint256 i = 0; i < indices.length; i++) bits.set(indices[i]);
    }

    function bit(uint256 index) external view returns (bool) {
        return bits.get(index);
    }

    function check(uint48 key, uint208 value) external {
        trace.push(key, value);
    }

    function upperLookup(uint48 key) external view returns (uint208) {
        return trace.upperLookup(key);
    }

    function heapInsert(uint256[] calldata values) external {
        for (uint256 i = 0; i < values.length; i++) heap.insert(values[i]);
    }

    event Popped(uint256 value);

    function heapPop() external {
        emit Popped(heap.pop());
    }
}

/// Pays out to who may call again.
abstract contract Till is Pausable {
    mapping(address => uint256) public balances;

    function deposit() external payable whenNotPaused {
        balances[msg.sender] += msg.value;
    }

    function withdraw() external virtual;

    function close() external {
        _pause();
    }

    function _pay() internal {
        (bool done, bytes memory why) = msg.sender.call{value: balances[msg.sender]}("");
        if (!done) {
            assembly {
                revert(add(why, 0x20), mload(why))
            }
        }
        balances[msg.sender] = 0;
    }
}

contract OpenTill is Till {
    function withdraw() external override {
        _pay();
    }
}

contract GuardedTill is Till, ReentrancyGuard {
    function withdraw() external override nonReentrant {
        _pay();
    }
}

contract TransientTill is Till, ReentrancyGuardTransient {
    function withdraw() external override nonReentrant {
        _pay();
    }
}

contract Thief {
    Till private immutable till;
    bool private robs;

    constructor(Till till_) payable {
        till = till_;
    }

    function rob() external {
        till.deposit{value: 1 ether}();
        robs = true;
        till.withdraw();
    }

    receive() external payable {
        if (!robs) return;
        robs = false;
        till.withdraw();
    }
}
