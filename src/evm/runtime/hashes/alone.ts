// Keccak-256 by itself, for whoever hashes outside of a machine (src/base/keccak.ts).
export { setScratch } from "../arithmetic/scratch";
export { keccak256 } from "./keccak";
