// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// BLAKE2b (RFC 7693) with rotations by shifts, without the precompile.
contract Blake2b {
    /// The permutations of the rounds, a nibble an index, the first one highest: four a word.
    uint256 private constant ROUNDS_0 = 0x0123456789abcdefea489fd61c02b753b8c052fdae3671947931dcbe265a40f8;
    uint256 private constant ROUNDS_4 = 0x905724afe1bc683d2c6a0b834d75fe19c51fed4a0763928bdb7ec13950f4862a;
    uint256 private constant ROUNDS_8 = 0x6fe9b308c2d714a5a2847615fb9e3cd00123456789abcdefea489fd61c02b753;

    /// The digest of `size` bytes 0, 1, 2, ... 255, 0, 1, ...
    function run(uint256 size) external pure returns (bytes32, bytes32) {
        bytes memory message = new bytes(size);
        for (uint256 i = 0; i < size; i++) message[i] = bytes1(uint8(i));
        return hash(message);
    }

    function hash(bytes memory message) internal pure returns (bytes32 first, bytes32 second) {
        unchecked {
            uint64[8] memory h = initial();
            h[0] ^= 0x01010040;
            uint64[16] memory m;
            uint256 size = message.length;
            uint256 blocks = size == 0 ? 1 : (size + 127) / 128;
            for (uint256 b = 0; b < blocks; b++) {
                for (uint256 i = 0; i < 16; i++) m[i] = wordAt(message, b * 128 + i * 8);
                bool last = b == blocks - 1;
                compress(h, m, uint64(last ? size : (b + 1) * 128), last);
            }
            for (uint256 i = 0; i < 4; i++) {
                first |= bytes32(uint256(swapped(h[i])) << (192 - 64 * i));
                second |= bytes32(uint256(swapped(h[4 + i])) << (192 - 64 * i));
            }
        }
    }

    function compress(uint64[8] memory h, uint64[16] memory m, uint64 counter, bool last) private pure {
        unchecked {
            uint64[16] memory v;
            uint64[8] memory iv = initial();
            for (uint256 i = 0; i < 8; i++) (v[i], v[i + 8]) = (h[i], iv[i]);
            v[12] ^= counter;
            if (last) v[14] = ~v[14];
            for (uint256 round = 0; round < 12; round++) {
                uint256 rounds = round < 4 ? ROUNDS_0 : round < 8 ? ROUNDS_4 : ROUNDS_8;
                uint256 s = rounds >> (192 - 64 * (round & 3));
                mix(v, 0x048c, m[(s >> 60) & 15], m[(s >> 56) & 15]);
                mix(v, 0x159d, m[(s >> 52) & 15], m[(s >> 48) & 15]);
                mix(v, 0x26ae, m[(s >> 44) & 15], m[(s >> 40) & 15]);
                mix(v, 0x37bf, m[(s >> 36) & 15], m[(s >> 32) & 15]);
                mix(v, 0x05af, m[(s >> 28) & 15], m[(s >> 24) & 15]);
                mix(v, 0x16bc, m[(s >> 20) & 15], m[(s >> 16) & 15]);
                mix(v, 0x278d, m[(s >> 12) & 15], m[(s >> 8) & 15]);
                mix(v, 0x349e, m[(s >> 4) & 15], m[s & 15]);
            }
            for (uint256 i = 0; i < 8; i++) h[i] ^= v[i] ^ v[i + 8];
        }
    }

    /// The function G on the four words whose indices are the nibbles of `at`.
    function mix(uint64[16] memory v, uint256 at, uint64 x, uint64 y) private pure {
        unchecked {
            (uint256 a, uint256 b, uint256 c, uint256 d) = (at >> 12, (at >> 8) & 15, (at >> 4) & 15, at & 15);
            v[a] += v[b] + x;
            v[d] = rotate(v[d] ^ v[a], 32);
            v[c] += v[d];
            v[b] = rotate(v[b] ^ v[c], 24);
            v[a] += v[b] + y;
            v[d] = rotate(v[d] ^ v[a], 16);
            v[c] += v[d];
            v[b] = rotate(v[b] ^ v[c], 63);
        }
    }

    function initial() private pure returns (uint64[8] memory) {
        return [
            0x6a09e667f3bcc908,
            0xbb67ae8584caa73b,
            0x3c6ef372fe94f82b,
            0xa54ff53a5f1d36f1,
            0x510e527fade682d1,
            0x9b05688c2b3e6c1f,
            0x1f83d9abfb41bd6b,
            0x5be0cd19137e2179
        ];
    }

    /// Eight bytes of the message, the first one lowest, zeros behind its end.
    function wordAt(bytes memory message, uint256 start) private pure returns (uint64 word) {
        unchecked {
            for (uint256 i = 0; i < 8 && start + i < message.length; i++) {
                word |= uint64(uint8(message[start + i])) << uint64(8 * i);
            }
        }
    }

    function swapped(uint64 x) private pure returns (uint64 y) {
        unchecked {
            for (uint64 i = 0; i < 8; i++) y |= ((x >> (8 * i)) & 255) << (56 - 8 * i);
        }
    }

    function rotate(uint64 x, uint8 right) private pure returns (uint64) {
        return (x >> right) | (x << (64 - right));
    }
}
