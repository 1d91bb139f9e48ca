/**
 * A contract's code as users give it: hex, a file of hex, or an artifact of Foundry, Hardhat or
 * whatever keeps what solc says of a contract.
 */
import { existsSync } from 'node:fs';
import { readTextFile } from './input-file.ts';

export interface Contract {
  readonly name: string;
  readonly code: Uint8Array;
  /** The ABI where the artifact has one. */
  readonly abi: readonly unknown[] | undefined;
}

/** Artifacts carry sources and syntax trees, too. */
const BYTES_MAX = 67_108_864;
const HEX = /^(0x)?([0-9a-fA-F]{2})*$/;

/** @throws TypeError, InputFileError that say what was given, when it is none of these */
export function readContract(given: string): Contract {
  if (HEX.test(given)) return { name: 'code', code: parseHex(given), abi: undefined };
  if (!existsSync(given)) throw new TypeError(`${given} is neither hex nor a file`);
  const text = readTextFile(given, BYTES_MAX).trim();
  if (HEX.test(text)) return { name: given, code: parseHex(text), abi: undefined };
  let artifact: Record<string, unknown>;
  try {
    artifact = JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new TypeError(`${given} is neither hex nor JSON: ${(error as Error).message}`);
  }
  const bytecode = deployedBytecode(artifact);
  if (bytecode === undefined || !HEX.test(bytecode)) {
    throw new TypeError(
      `${given} holds no deployed bytecode (deployedBytecode.object or deployedBytecode as hex), ` +
        'or it has libraries that are not linked',
    );
  }
  const abi = Array.isArray(artifact['abi']) ? (artifact['abi'] as unknown[]) : undefined;
  const name = typeof artifact['contractName'] === 'string' ? artifact['contractName'] : given;
  return { name, code: parseHex(bytecode), abi };
}

/** Hardhat writes a string, Foundry an object that holds it, which solc has within `evm`. */
function deployedBytecode(artifact: Record<string, unknown>): string | undefined {
  const { evm } = artifact as { evm?: { deployedBytecode?: unknown } };
  const deployed = artifact['deployedBytecode'] ?? evm?.deployedBytecode;
  if (typeof deployed === 'string') return deployed;
  const object = (deployed as { object?: unknown } | undefined)?.object;
  return typeof object === 'string' ? object : undefined;
}

/** @throws TypeError for what is not hex */
export function parseHex(text: string): Uint8Array {
  if (!HEX.test(text)) throw new TypeError(`${text.slice(0, 80)} is not hex with whole bytes`);
  return Uint8Array.fromHex(text.replace(/^0x/, ''));
}
