// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC3156FlashBorrower} from "@openzeppelin/contracts/interfaces/IERC3156FlashBorrower.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {ERC20Capped} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Capped.sol";
import {ERC20FlashMint} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20FlashMint.sol";
import {ERC20Pausable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Pausable.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {ERC20Wrapper} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Wrapper.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {IERC721Receiver} from "@openzeppelin/contracts/token/ERC721/IERC721Receiver.sol";
import {ERC721Burnable} from "@openzeppelin/contracts/token/ERC721/extensions/ERC721Burnable.sol";
import {ERC721Enumerable} from "@openzeppelin/contracts/token/ERC721/extensions/ERC721Enumerable.sol";
import {ERC721Royalty} from "@openzeppelin/contracts/token/ERC721/extensions/ERC721Royalty.sol";
import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";
import {ERC1155Burnable} from "@openzeppelin/contracts/token/ERC1155/extensions/ERC1155Burnable.sol";
import {ERC1155Supply} from "@openzeppelin/contracts/token/ERC1155/extensions/ERC1155Supply.sol";
import {ERC1155Holder} from "@openzeppelin/contracts/token/ERC1155/utils/ERC1155Holder.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";

/// A token with all that a governed one tends to have.
contract Coin is ERC20Burnable, ERC20Pausable, ERC20Permit, ERC20Votes, AccessControl {
    bytes32 public constant MINTER = keccak256("MINTER");
    bytes32 public constant PAUSER = keccak256("PAUSER");

    constructor(uint256 supply) ERC20("Coin", "COIN") ERC20Permit("Coin") {
        _grantRole(DEFAULT_ADMIN_ROLE, msg.sender);
        _mint(msg.sender, supply);
    }

    function mint(address to, uint256 amount) external onlyRole(MINTER) {
        _mint(to, amount);
    }

    function pause() external onlyRole(PAUSER) {
        _pause();
    }

    function unpause() external onlyRole(PAUSER) {
        _unpause();
    }

    function nonces(address owner) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Pausable, ERC20Votes) {
        super._update(from, to, value);
    }
}

/// A plain one that anybody mints, with a cap.
contract CappedCoin is ERC20Capped, ERC20FlashMint {
    constructor(uint256 cap) ERC20("Capped", "CAP") ERC20Capped(cap) {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function flashFeeReceiver() external view returns (address) {
        return _flashFeeReceiver();
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Capped) {
        super._update(from, to, value);
    }
}

contract WrappedCoin is ERC20Wrapper {
    constructor(IERC20 underlying) ERC20("Wrapped", "WRAP") ERC20Wrapper(underlying) {}
}

/// Pays a flash loan back, or does not.
contract Borrower is IERC3156FlashBorrower {
    bytes32 private immutable answer;
    bool private immutable approves;

    constructor(bool answersRight, bool approves_) {
        answer = answersRight ? keccak256("ERC3156FlashBorrower.onFlashLoan") : bytes32(0);
        approves = approves_;
    }

    event Borrowed(uint256 balance, uint256 supply);

    function onFlashLoan(address, address token, uint256 amount, uint256 fee, bytes calldata) external returns (bytes32) {
        emit Borrowed(IERC20(token).balanceOf(address(this)), IERC20(token).totalSupply());
        if (approves) IERC20(token).approve(token, amount + fee);
        return answer;
    }
}

contract Vault is ERC4626 {
    uint8 private immutable offset;

    constructor(IERC20 asset_, uint8 offset_) ERC20("Vault", "VLT") ERC4626(asset_) {
        offset = offset_;
    }

    function _decimalsOffset() internal view override returns (uint8) {
        return offset;
    }
}

contract Art is ERC721Enumerable, ERC721Burnable, ERC721Royalty, Ownable {
    constructor() ERC721("Art", "ART") Ownable(msg.sender) {}

    function mint(address to, uint256 id) external onlyOwner {
        _safeMint(to, id);
    }

    function setRoyalty(address receiver, uint96 fraction) external onlyOwner {
        _setDefaultRoyalty(receiver, fraction);
    }

    function _baseURI() internal pure override returns (string memory) {
        return "ipfs://art/";
    }

    function _update(address to, uint256 id, address auth) internal override(ERC721, ERC721Enumerable) returns (address) {
        return super._update(to, id, auth);
    }

    function _increaseBalance(address account, uint128 value) internal override(ERC721, ERC721Enumerable) {
        super._increaseBalance(account, value);
    }

    function supportsInterface(bytes4 id) public view override(ERC721, ERC721Enumerable, ERC721Royalty) returns (bool) {
        return super.supportsInterface(id);
    }
}

/// Takes tokens, or refuses them in one of the ways there are.
contract Receiver is IERC721Receiver {
    enum Mode {
        Accepts,
        AnswersWrong,
        RevertsWithReason,
        RevertsWithoutReason,
        Panics
    }

    Mode private immutable mode;

    event Received(address operator, address from, uint256 id, bytes data);

    constructor(Mode mode_) {
        mode = mode_;
    }

    function onERC721Received(address operator, address from, uint256 id, bytes calldata data) external returns (bytes4) {
        if (mode == Mode.RevertsWithReason) revert("no art today");
        if (mode == Mode.RevertsWithoutReason) revert();
        if (mode == Mode.Panics) assert(false);
        emit Received(operator, from, id, data);
        return mode == Mode.Accepts ? this.onERC721Received.selector : bytes4(0xdeadbeef);
    }
}

contract Items is ERC1155Supply, ERC1155Burnable, Ownable {
    constructor() ERC1155("https://items/{id}.json") Ownable(msg.sender) {}

    function mint(address to, uint256 id, uint256 amount) external onlyOwner {
        _mint(to, id, amount, "");
    }

    function mintBatch(address to, uint256[] calldata ids, uint256[] calldata amounts) external onlyOwner {
        _mintBatch(to, ids, amounts, "");
    }

    function _update(address from, address to, uint256[] memory ids, uint256[] memory values)
        internal
        override(ERC1155, ERC1155Supply)
    {
        super._update(from, to, ids, values);
    }
}

contract ItemHolder is ERC1155Holder {}
