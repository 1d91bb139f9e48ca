/** Files that users name of what a chain begins with. */

import { gunzipSync } from 'node:zlib';
import { fromHex, type Hex } from '../base/bytes.ts';
import { type AnvilState, parseAnvilState } from '../chain/anvil-files/read-state.ts';
import type { ChainSpec } from '../chain/chain-spec.ts';
import { type GenesisFile, parseGenesis } from '../chain/genesis-files/genesis-file.ts';
import { InputFileError, readInputFile, readTextFile, TEXT_BYTES_MAX } from './input-file.ts';

/** @throws InputFileError naming the file and the place in it */
export function readGenesis(path: string): GenesisFile {
  const text = readTextFile(path);
  return named(path, () => parseGenesis(text));
}

/**
 * The state of an Anvil: JSON, with gzip or without, or that in hexadecimal as anvil_dumpState
 * answers. @throws InputFileError naming the file and the place in it
 */
export function readAnvilState(path: string, spec: ChainSpec): AnvilState {
  const bytes = readInputFile(path, TEXT_BYTES_MAX);
  return named(path, () => {
    const start = bytes.subarray(0, 2);
    const isHex = start[0] === 0x30 && start[1] === 0x78;
    const given = isHex ? fromHex(utf8(bytes).trim() as Hex) : bytes;
    const isPacked = given[0] === 0x1f && given[1] === 0x8b;
    const whole = isPacked ? gunzipSync(given, { maxOutputLength: TEXT_BYTES_MAX }) : given;
    return parseAnvilState(utf8(whole), spec);
  });
}

function utf8(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

function named<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    const message = `${path}: ${(cause as Error).message}`;
    throw new InputFileError('input/malformed', message, { cause });
  }
}
