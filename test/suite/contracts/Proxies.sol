// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {Create2} from "@openzeppelin/contracts/utils/Create2.sol";

/// A value behind a proxy.
contract Box is Initializable, UUPSUpgradeable {
    address public owner;
    uint256 public value;

    event Stored(uint256 value);

    error NotTheOwner(address caller);

    constructor() {
        _disableInitializers();
    }

    function initialize(address owner_, uint256 value_) external initializer {
        owner = owner_;
        value = value_;
    }

    function store(uint256 value_) external {
        value = value_;
        emit Stored(value_);
    }

    function version() external pure virtual returns (uint256) {
        return 1;
    }

    function fail(uint256 kind) external view {
        if (kind == 0) revert("box: no");
        if (kind == 1) revert NotTheOwner(msg.sender);
        if (kind == 2) assert(false);
        uint256[] memory none = new uint256[](0);
        if (kind == 3) none[kind] = 1;
        if (kind == 4) none[0] = 1 / (kind - 4);
        revert();
    }

    function _authorizeUpgrade(address) internal view override {
        if (msg.sender != owner) revert NotTheOwner(msg.sender);
    }
}

contract BoxTwo is Box {
    uint256 public bonus;

    function migrate(uint256 bonus_) external reinitializer(2) {
        bonus = bonus_;
    }

    function version() external pure override returns (uint256) {
        return 2;
    }
}

/// An UUPS implementation must name its slot; this one names another.
contract BoxOfWrongSlot {
    function proxiableUUID() external pure returns (bytes32) {
        return keccak256("elsewhere");
    }
}

contract Cloner {
    event Cloned(address clone);

    function clone(address implementation) external returns (address made) {
        made = Clones.clone(implementation);
        emit Cloned(made);
    }

    function cloneAt(address implementation, bytes32 salt) external {
        emit Cloned(Clones.cloneDeterministic(implementation, salt));
    }

    function cloneWithArguments(address implementation, bytes calldata arguments) external {
        emit Cloned(Clones.cloneWithImmutableArgs(implementation, arguments));
    }

    function argumentsOf(address instance) external view returns (bytes memory) {
        return Clones.fetchCloneArgs(instance);
    }

    function predict(address implementation, bytes32 salt) external view returns (address) {
        return Clones.predictDeterministicAddress(implementation, salt);
    }

    function create(bytes32 salt, bytes calldata code) external payable {
        emit Cloned(Create2.deploy(msg.value, salt, code));
    }
}
