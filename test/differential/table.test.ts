/** The table of opcodes beside EthereumJS's: 256 bytes on every fork. */
import { createBlock } from '@ethereumjs/block';
import { createEVM, type InterpreterStep, paramsEVM } from '@ethereumjs/evm';
import { Account, createZeroAddress } from '@ethereumjs/util';
import { expect, test } from 'vitest';
import type { ForkName } from '../../src/evm/forks/names.ts';
import { OPCODES, opcodeAt, staticGas } from '../../src/evm/opcodes/table.ts';
import { commonOf, PEER_FORKS } from './ethereumjs.ts';
import { since } from './since.ts';

interface PeerOpcode {
  readonly fee: number;
  readonly isInvalid: boolean;
}

async function peerTable(fork: ForkName): Promise<ReadonlyMap<number, PeerOpcode>> {
  const evm = await createEVM({ common: commonOf(fork), params: paramsEVM });
  return (evm as unknown as { getActiveOpcodes(): Map<number, PeerOpcode> }).getActiveOpcodes();
}

/**
 * Where Ironfly's static price includes what EthereumJS charges with the operands, from Berlin on:
 * the warm price (EIP-2929).
 */
const WARM = ['BALANCE', 'EXTCODESIZE', 'EXTCODECOPY', 'EXTCODEHASH', 'SLOAD', 'CALL', 'CALLCODE'];
const WARM_CALLS = ['DELEGATECALL', 'STATICCALL'];

test.each(PEER_FORKS)('%s: what is defined, and at which price', async (fork) => {
  const peers = await peerTable(fork);
  for (let byte = 0; byte < 256; byte++) {
    const row = opcodeAt(byte, fork);
    const peer = peers.get(byte);
    // INVALID is a name, and no opcode: EthereumJS lists it among those it does not know.
    const known = row !== undefined && row.name !== 'INVALID';
    expect({ byte, known }).toEqual({ byte, known: peer !== undefined && !peer.isInvalid });
    if (!known || peer === undefined) continue;
    const warm = since(fork, 'berlin') && [...WARM, ...WARM_CALLS].includes(row.name);
    const fee = peer.fee + (warm ? 100 : 0);
    expect({ name: row.name, gas: staticGas(row, fork) }).toEqual({ name: row.name, gas: fee });
  }
});

/** Words more than any opcode takes. */
const HEIGHT_MAX = 20;

/** Heights of the stack before an instruction on so many zeros and after it; undefined: too few. */
async function heights(byte: number, immediate: number, height: number) {
  const common = commonOf('osaka');
  const evm = await createEVM({ common });
  const block = createBlock({}, { common, skipConsensusFormatValidation: true });
  await evm.stateManager.putAccount(createZeroAddress(), new Account(1n, 1n));
  const taken: InterpreterStep[] = [];
  evm.events?.on('step', (step) => taken.push({ ...step, stack: [...step.stack] }));
  // A jump finds a target at 0; what follows is there to be reported.
  const zeros = Array.from({ length: height }, () => 0x5f);
  const data = Array.from({ length: immediate }, () => 0);
  const code = Uint8Array.from([0x5b, ...zeros, byte, ...data, 0x5b, 0x00]);
  const to = createZeroAddress();
  const { execResult } = await evm.runCall({ code, to, gasLimit: 100_000n, block });
  const { exceptionError } = execResult;
  if (exceptionError?.error === 'stack underflow') return undefined;
  const at = taken.findIndex(({ pc }) => pc === 1 + height);
  const after = taken[at + 1];
  return { after: after?.stack.length, next: after?.pc };
}

test('words taken and given, and immediate data, are those that EthereumJS shows', async () => {
  for (const { byte, name, pops, pushes, immediate } of OPCODES) {
    if (name === 'INVALID' || opcodeAt(byte, 'osaka') === undefined) continue;
    let least = 0;
    let found = await heights(byte, immediate, least);
    while (found === undefined && least < HEIGHT_MAX) {
      least += 1;
      found = await heights(byte, immediate, least);
    }
    const ends = ['STOP', 'RETURN', 'REVERT', 'SELFDESTRUCT'].includes(name);
    const next = name === 'JUMP' ? 0 : least + 2 + immediate;
    expect({ name, least, ...found }).toEqual({
      name,
      least: pops,
      after: ends ? undefined : pushes,
      next: ends ? undefined : next,
    });
  }
});
