// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {GovernorCountingSimple} from "@openzeppelin/contracts/governance/extensions/GovernorCountingSimple.sol";

/// OpenZeppelin's Governor: a proposal, votes of many accounts, the count. It has a clock of its
/// own, so that all of it fits a single call.
contract GovernorLoops is GovernorCountingSimple {
    uint48 private time = 1;

    constructor() Governor("Loops") {}

    /// Votes for and against, and the state that the proposal ends in.
    function run(uint256 voters) external returns (uint256 inFavour, uint256 against, ProposalState end) {
        time = 1;
        address[] memory targets = new address[](1);
        targets[0] = address(this);
        uint256[] memory values = new uint256[](1);
        bytes[] memory calls = new bytes[](1);
        calls[0] = abi.encodeCall(this.clock, ());
        uint256 proposal = propose(targets, values, calls, "loops");
        time = 3;
        for (uint256 i = 0; i < voters; i++) {
            _castVote(proposal, address(uint160(0x1000 + i)), i % 3 == 0 ? 0 : 1, "");
        }
        (against, inFavour,) = proposalVotes(proposal);
        time = 200;
        end = state(proposal);
    }

    function clock() public view override returns (uint48) {
        return time;
    }

    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=loops";
    }

    function votingDelay() public pure override returns (uint256) {
        return 1;
    }

    function votingPeriod() public pure override returns (uint256) {
        return 100;
    }

    function quorum(uint256) public pure override returns (uint256) {
        return 10;
    }

    /// An account's weight is its number.
    function _getVotes(address account, uint256, bytes memory) internal pure override returns (uint256) {
        return uint160(account);
    }
}
