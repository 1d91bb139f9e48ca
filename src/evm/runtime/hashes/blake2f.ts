// The compression function of BLAKE2b (RFC 7693), as EIP-152 asks for it: any number of rounds,
// done in portions so that 2^32 - 1 of them can be stopped.
//
// The working vector lives in sixteen locals; SIGMA holds byte offsets into the message.

const SIGMA: usize = memory.data<u8>([
  0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120,
  112, 80, 32, 64, 72, 120, 104, 48, 8, 96, 0, 16, 88, 56, 40, 24,
  88, 64, 96, 0, 40, 16, 120, 104, 80, 112, 24, 48, 56, 8, 72, 32,
  56, 72, 24, 8, 104, 96, 88, 112, 16, 48, 40, 80, 32, 0, 120, 64,
  72, 0, 40, 56, 16, 32, 80, 120, 112, 8, 88, 96, 48, 64, 24, 104,
  16, 96, 48, 80, 0, 88, 64, 24, 32, 104, 56, 40, 120, 112, 8, 72,
  96, 40, 8, 120, 112, 104, 32, 80, 0, 56, 48, 24, 72, 16, 64, 88,
  104, 88, 56, 112, 96, 8, 24, 72, 40, 0, 120, 32, 64, 48, 16, 80,
  48, 120, 112, 72, 88, 24, 0, 64, 96, 16, 104, 56, 8, 32, 80, 40,
  80, 16, 64, 32, 56, 48, 8, 40, 120, 88, 72, 112, 24, 96, 104, 0,
]);

/** Rounds [from, from + count) on the sixteen words at `v` with the message at `m`. */
export function blake2fRounds(v: u32, m: u32, from: u32, count: u32): void {
  let v0 = load<u64>(v, 0);
  let v1 = load<u64>(v, 8);
  let v2 = load<u64>(v, 16);
  let v3 = load<u64>(v, 24);
  let v4 = load<u64>(v, 32);
  let v5 = load<u64>(v, 40);
  let v6 = load<u64>(v, 48);
  let v7 = load<u64>(v, 56);
  let v8 = load<u64>(v, 64);
  let v9 = load<u64>(v, 72);
  let v10 = load<u64>(v, 80);
  let v11 = load<u64>(v, 88);
  let v12 = load<u64>(v, 96);
  let v13 = load<u64>(v, 104);
  let v14 = load<u64>(v, 112);
  let v15 = load<u64>(v, 120);
  let row: u32 = from % 10;
  for (let i: u32 = 0; i < count; i++) {
    const s = SIGMA + (row << 4);
    row = row == 9 ? 0 : row + 1;
    v0 = v0 + v4 + load<u64>(m + load<u8>(s, 0));
    v12 = rotr<u64>(v12 ^ v0, 32);
    v8 = v8 + v12;
    v4 = rotr<u64>(v4 ^ v8, 24);
    v0 = v0 + v4 + load<u64>(m + load<u8>(s, 1));
    v12 = rotr<u64>(v12 ^ v0, 16);
    v8 = v8 + v12;
    v4 = rotr<u64>(v4 ^ v8, 63);
    v1 = v1 + v5 + load<u64>(m + load<u8>(s, 2));
    v13 = rotr<u64>(v13 ^ v1, 32);
    v9 = v9 + v13;
    v5 = rotr<u64>(v5 ^ v9, 24);
    v1 = v1 + v5 + load<u64>(m + load<u8>(s, 3));
    v13 = rotr<u64>(v13 ^ v1, 16);
    v9 = v9 + v13;
    v5 = rotr<u64>(v5 ^ v9, 63);
    v2 = v2 + v6 + load<u64>(m + load<u8>(s, 4));
    v14 = rotr<u64>(v14 ^ v2, 32);
    v10 = v10 + v14;
    v6 = rotr<u64>(v6 ^ v10, 24);
    v2 = v2 + v6 + load<u64>(m + load<u8>(s, 5));
    v14 = rotr<u64>(v14 ^ v2, 16);
    v10 = v10 + v14;
    v6 = rotr<u64>(v6 ^ v10, 63);
    v3 = v3 + v7 + load<u64>(m + load<u8>(s, 6));
    v15 = rotr<u64>(v15 ^ v3, 32);
    v11 = v11 + v15;
    v7 = rotr<u64>(v7 ^ v11, 24);
    v3 = v3 + v7 + load<u64>(m + load<u8>(s, 7));
    v15 = rotr<u64>(v15 ^ v3, 16);
    v11 = v11 + v15;
    v7 = rotr<u64>(v7 ^ v11, 63);
    v0 = v0 + v5 + load<u64>(m + load<u8>(s, 8));
    v15 = rotr<u64>(v15 ^ v0, 32);
    v10 = v10 + v15;
    v5 = rotr<u64>(v5 ^ v10, 24);
    v0 = v0 + v5 + load<u64>(m + load<u8>(s, 9));
    v15 = rotr<u64>(v15 ^ v0, 16);
    v10 = v10 + v15;
    v5 = rotr<u64>(v5 ^ v10, 63);
    v1 = v1 + v6 + load<u64>(m + load<u8>(s, 10));
    v12 = rotr<u64>(v12 ^ v1, 32);
    v11 = v11 + v12;
    v6 = rotr<u64>(v6 ^ v11, 24);
    v1 = v1 + v6 + load<u64>(m + load<u8>(s, 11));
    v12 = rotr<u64>(v12 ^ v1, 16);
    v11 = v11 + v12;
    v6 = rotr<u64>(v6 ^ v11, 63);
    v2 = v2 + v7 + load<u64>(m + load<u8>(s, 12));
    v13 = rotr<u64>(v13 ^ v2, 32);
    v8 = v8 + v13;
    v7 = rotr<u64>(v7 ^ v8, 24);
    v2 = v2 + v7 + load<u64>(m + load<u8>(s, 13));
    v13 = rotr<u64>(v13 ^ v2, 16);
    v8 = v8 + v13;
    v7 = rotr<u64>(v7 ^ v8, 63);
    v3 = v3 + v4 + load<u64>(m + load<u8>(s, 14));
    v14 = rotr<u64>(v14 ^ v3, 32);
    v9 = v9 + v14;
    v4 = rotr<u64>(v4 ^ v9, 24);
    v3 = v3 + v4 + load<u64>(m + load<u8>(s, 15));
    v14 = rotr<u64>(v14 ^ v3, 16);
    v9 = v9 + v14;
    v4 = rotr<u64>(v4 ^ v9, 63);
  }
  store<u64>(v, v0, 0);
  store<u64>(v, v1, 8);
  store<u64>(v, v2, 16);
  store<u64>(v, v3, 24);
  store<u64>(v, v4, 32);
  store<u64>(v, v5, 40);
  store<u64>(v, v6, 48);
  store<u64>(v, v7, 56);
  store<u64>(v, v8, 64);
  store<u64>(v, v9, 72);
  store<u64>(v, v10, 80);
  store<u64>(v, v11, 88);
  store<u64>(v, v12, 96);
  store<u64>(v, v13, 104);
  store<u64>(v, v14, 112);
  store<u64>(v, v15, 120);
}
