// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// SHA-1 (FIPS 180-4) with rotations by shifts.
contract Sha1 {
    /// The digest of `size` bytes 0, 1, 2, ... 255, 0, 1, ...
    function run(uint256 size) external pure returns (bytes20) {
        bytes memory message = new bytes(size);
        for (uint256 i = 0; i < size; i++) message[i] = bytes1(uint8(i));
        return hash(message);
    }

    function hash(bytes memory message) internal pure returns (bytes20) {
        unchecked {
            uint256 size = message.length;
            uint256 blocks = (size + 9 + 63) / 64;
            bytes memory padded = new bytes(blocks * 64);
            for (uint256 i = 0; i < size; i++) padded[i] = message[i];
            padded[size] = 0x80;
            for (uint256 i = 0; i < 8; i++) padded[blocks * 64 - 1 - i] = bytes1(uint8((size * 8) >> (8 * i)));
            uint32[5] memory h = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0];
            uint32[80] memory w;
            for (uint256 b = 0; b < blocks; b++) {
                for (uint256 i = 0; i < 16; i++) {
                    uint256 at = b * 64 + i * 4;
                    w[i] = (uint32(uint8(padded[at])) << 24) | (uint32(uint8(padded[at + 1])) << 16)
                        | (uint32(uint8(padded[at + 2])) << 8) | uint32(uint8(padded[at + 3]));
                }
                for (uint256 i = 16; i < 80; i++) w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
                compress(h, w);
            }
            return bytes20(
                (uint160(h[0]) << 128) | (uint160(h[1]) << 96) | (uint160(h[2]) << 64) | (uint160(h[3]) << 32)
                    | uint160(h[4])
            );
        }
    }

    function compress(uint32[5] memory h, uint32[80] memory w) private pure {
        unchecked {
            (uint32 a, uint32 b, uint32 c, uint32 d, uint32 e) = (h[0], h[1], h[2], h[3], h[4]);
            for (uint256 i = 0; i < 80; i++) {
                uint32 f;
                if (i < 20) f = ((b & c) | (~b & d)) + 0x5A827999;
                else if (i < 40) f = (b ^ c ^ d) + 0x6ED9EBA1;
                else if (i < 60) f = ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDC;
                else f = (b ^ c ^ d) + 0xCA62C1D6;
                f += rotate(a, 5) + e + w[i];
                (e, d, c, b, a) = (d, c, rotate(b, 30), a, f);
            }
            (h[0], h[1], h[2], h[3], h[4]) = (h[0] + a, h[1] + b, h[2] + c, h[3] + d, h[4] + e);
        }
    }

    function rotate(uint32 x, uint8 by) private pure returns (uint32) {
        return (x << by) | (x >> (32 - by));
    }
}
