// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ERC2771Context} from "@openzeppelin/contracts/metatx/ERC2771Context.sol";
import {Context} from "@openzeppelin/contracts/utils/Context.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

contract Signatures is EIP712 {
    bytes32 private constant ORDER = keccak256("Order(address maker,uint256 amount,bytes note)");

    constructor() EIP712("Signatures", "3") {}

    function recover(bytes32 digest, bytes calldata signature) external pure returns (address) {
        return ECDSA.recover(digest, signature);
    }

    function recoverShort(bytes32 digest, bytes32 r, bytes32 vs) external pure returns (address) {
        return ECDSA.recover(digest, r, vs);
    }

    function tryRecover(bytes32 digest, bytes calldata signature) external pure returns (address, uint8, bytes32) {
        (address signer, ECDSA.RecoverError fault, bytes32 detail) = ECDSA.tryRecover(digest, signature);
        return (signer, uint8(fault), detail);
    }

    function messageHash(bytes calldata message) external pure returns (bytes32) {
        return MessageHashUtils.toEthSignedMessageHash(message);
    }

    function orderSigner(address maker, uint256 amount, bytes calldata note, bytes calldata signature)
        external
        view
        returns (address)
    {
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(ORDER, maker, amount, keccak256(note))));
        return ECDSA.recover(digest, signature);
    }

    function isValid(address signer, bytes32 digest, bytes calldata signature) external view returns (bool) {
        return SignatureChecker.isValidSignatureNow(signer, digest, signature);
    }

    function verifyProof(bytes32[] calldata proof, bytes32 root, bytes32 leaf) external pure returns (bool) {
        return MerkleProof.verifyCalldata(proof, root, leaf);
    }

    function verifyProofOfMany(bytes32[] calldata proof, bool[] calldata flags, bytes32 root, bytes32[] calldata leaves)
        external
        pure
        returns (bool)
    {
        return MerkleProof.multiProofVerifyCalldata(proof, flags, root, leaves);
    }

    function verifyP256(bytes32 h, bytes32 r, bytes32 s, bytes32 x, bytes32 y) external view returns (bool, bool) {
        return (P256.verify(h, r, s, x, y), P256.verifySolidity(h, r, s, x, y));
    }
}

/// A contract's account: what its owner signed, it signed.
contract Wallet is IERC1271 {
    address private immutable owner;

    constructor(address owner_) {
        owner = owner_;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        return ECDSA.recover(digest, signature) == owner ? this.isValidSignature.selector : bytes4(0xffffffff);
    }
}

/// Notes by who asked, directly, through a forwarder, or many in one call.
contract Notebook is ERC2771Context, Multicall {
    mapping(address author => string) public notes;

    event Noted(address indexed author, string note, uint256 value);

    error Empty();

    constructor(address forwarder) ERC2771Context(forwarder) {}

    function write(string calldata note) external payable {
        if (bytes(note).length == 0) revert Empty();
        notes[_msgSender()] = note;
        emit Noted(_msgSender(), note, msg.value);
    }

    function data() external view returns (bytes memory) {
        return _msgData();
    }

    function _msgSender() internal view override(Context, ERC2771Context) returns (address) {
        return super._msgSender();
    }

    function _msgData() internal view override(Context, ERC2771Context) returns (bytes calldata) {
        return super._msgData();
    }

    function _contextSuffixLength() internal view override(Context, ERC2771Context) returns (uint256) {
        return super._contextSuffixLength();
    }
}
