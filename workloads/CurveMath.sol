// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Doubles a point of secp256k1 again and again in Jacobian coordinates: MULMOD and ADDMOD.
contract CurveMath {
    uint256 constant P = 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f;

    function run(uint256 count) external pure returns (uint256 x, uint256 y, uint256 z) {
        x = 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798;
        y = 0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8;
        z = 1;
        for (uint256 i = 0; i < count; i++) {
            uint256 a = mulmod(x, x, P);
            uint256 b = mulmod(y, y, P);
            uint256 c = mulmod(b, b, P);
            uint256 d = mulmod(2, addmod(mulmod(addmod(x, b, P), addmod(x, b, P), P), P - addmod(a, c, P), P), P);
            uint256 e = mulmod(3, a, P);
            uint256 f = mulmod(e, e, P);
            z = mulmod(2, mulmod(y, z, P), P);
            x = addmod(f, P - mulmod(2, d, P), P);
            y = addmod(mulmod(e, addmod(d, P - x, P), P), P - mulmod(8, c, P), P);
        }
    }
}
