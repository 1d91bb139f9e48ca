/** Console and stack traces, with contracts that solc compiles here. */
import fc from 'fast-check';
import solc from 'solc';
import { describe, expect, it } from 'vitest';
import { MemoryState } from '../../state/memory.ts';
import { createEVM } from '../evm.ts';
import { plainTransaction } from '../plain-transaction.ts';
import type { Address } from '../types.ts';
import { type AbiParameter, decodeAbi, selectorOf } from './abi.ts';
import { type CompilerOutput, loadArtifacts } from './artifacts.ts';
import { CONSOLE_ADDRESS, consoleHooks, decodeConsoleCall, formatConsole } from './console.ts';
import { decodeRevert } from './revert-reason.ts';
import { type Failure, recordCalls, traceFailure } from './stack-trace.ts';

const SOURCE = `// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

error TooSmall(uint256 given, string wanted);

library Sums {
    function checked(uint256 a, uint256 b) external pure returns (uint256) {
        return a + b;
    }
}

contract Inner {
    uint256 immutable least;

    constructor(uint256 least_) {
        require(least_ != 13, "no luck");
        least = least_;
    }

    function take(uint256 value) external view {
        if (value < least) revert TooSmall(value, "more");
    }
}

contract Outer {
    Inner inner;

    constructor(uint256 least) {
        inner = new Inner(least);
    }

    function pass(uint256 value) public view {
        inner.take(value);
    }

    function add(uint256 a) public pure returns (uint256) {
        return Sums.checked(a, 1);
    }

    function own(uint256 at) public pure returns (uint256) {
        uint256[] memory list = new uint256[](2);
        return list[at];
    }

    function ignore(uint256 value) public view {
        try inner.take(value) {} catch {}
        require(value > 100, "too small for me");
    }

    function log(uint256 value) public view {
        address console = 0x000000000000000000636F6e736F6c652e6c6f67;
        string memory how = "log(string,uint256,bool,address)";
        (bool ok, ) = console.staticcall(
            abi.encodeWithSignature(how, "value %s", value, true, this)
        );
        ok;
    }
}
`;

const input = {
  language: 'Solidity',
  sources: { 'Outer.sol': { content: SOURCE } },
  settings: {
    optimizer: { enabled: true, runs: 200 },
    outputSelection: {
      '*': { '*': ['abi', 'evm.bytecode', 'evm.deployedBytecode'], '': ['ast'] },
    },
  },
};
const output = JSON.parse(solc.compile(JSON.stringify(input))) as CompilerOutput;
const artifacts = loadArtifacts([{ input, output }]);
const lineOf = (text: string) => SOURCE.slice(0, SOURCE.indexOf(text)).split('\n').length;
const word = (value: bigint) => value.toString(16).padStart(64, '0');
const SENDER: Address = `0x${'aa'.repeat(20)}`;

const creationOf = (name: string) =>
  output.contracts?.['Outer.sol']?.[name]?.evm?.bytecode?.object ?? '';

/** An EVM in which the library and Outer (with Inner inside) are deployed. */
async function deploy(least: bigint) {
  const state = new MemoryState();
  state.setAccount(SENDER, { nonce: 0n, balance: 10n ** 20n, code: new Uint8Array(), storage: [] });
  const evm = createEVM({ state });
  const recorder = recordCalls();
  let nonce = 0n;
  const create = async (code: string) => {
    const result = await evm.transact(
      plainTransaction({
        sender: SENDER,
        nonce: nonce++,
        gasLimit: 5_000_000n,
        to: undefined,
        data: Uint8Array.fromHex(code),
      }),
      recorder.options,
    );
    if (result.status === 'refused') throw new Error(result.message);
    return result.created;
  };
  const library = await create(creationOf('Sums'));
  const linked = creationOf('Outer').replaceAll(/__.{36}__/g, library?.slice(2) ?? '');
  const outer = await create(linked + word(least));
  const fail = async (signature: string, argument: bigint): Promise<Failure | undefined> => {
    const data = Uint8Array.fromHex(selectorOf(signature) + word(argument));
    await evm.call({ to: outer as Address, data, gas: 10_000_000n, ...recorder.options });
    return traceFailure(recorder.root(), artifacts);
  };
  return { evm, outer, recorder, fail };
}

describe('stack traces', () => {
  it('lead through calls to the line, with the custom error decoded', async () => {
    const { fail } = await deploy(5n);
    const failure = await fail('pass(uint256)', 4n);
    expect(failure?.reason).toMatchObject({
      kind: 'custom',
      name: 'TooSmall',
      values: [4n, 'more'],
    });
    expect(failure?.frames).toMatchObject([
      { contract: 'Inner', function: 'take', file: 'Outer.sol', line: lineOf('revert TooSmall') },
      { contract: 'Outer', function: 'pass', line: lineOf('inner.take(value);') },
    ]);
    expect(failure?.text).toContain('TooSmall(4, more)\n    at Inner.take (Outer.sol:');
    expect(await fail('pass(uint256)', 5n)).toBeUndefined();
  });

  it('name panics in a linked library and in the contract itself', async () => {
    const { fail } = await deploy(5n);
    const overflow = await fail('add(uint256)', 2n ** 256n - 1n);
    expect(overflow?.reason.text).toBe('panic 0x11: arithmetic overflow or underflow');
    expect(overflow?.frames).toMatchObject([
      { contract: 'Sums', function: 'checked', line: lineOf('return a + b') },
      { contract: 'Outer', function: 'add', line: lineOf('Sums.checked') },
    ]);
    const bounds = await fail('own(uint256)', 2n);
    expect(bounds?.reason.text).toBe('panic 0x32: array index out of bounds');
    expect(bounds?.frames).toMatchObject([{ function: 'own', line: lineOf('return list[at]') }]);
  });

  it('do not follow a failure that was caught', async () => {
    const { fail } = await deploy(5n);
    const failure = await fail('ignore(uint256)', 1n);
    expect(failure?.reason.text).toBe('too small for me');
    expect(failure?.frames).toMatchObject([
      { contract: 'Outer', function: 'ignore', line: lineOf('require(value > 100') },
    ]);
  });

  it('lead into constructors', async () => {
    const { recorder } = await deploy(13n);
    const failure = traceFailure(recorder.root(), artifacts);
    expect(failure?.reason.text).toBe('no luck');
    expect(failure?.frames).toMatchObject([
      { contract: 'Inner', function: 'constructor', line: lineOf('require(least_ != 13') },
      { contract: 'Outer', function: 'constructor', line: lineOf('inner = new Inner') },
    ]);
  });

  it('give addresses where nothing is known, and halts as they are', async () => {
    const to: Address = `0x${'0b'.repeat(20)}`;
    const evm = createEVM();
    const recorder = recordCalls();
    const overrides = { [to]: { code: new Uint8Array([0xfe]) } };
    await evm.call({ to, overrides, ...recorder.options });
    const failure = traceFailure(recorder.root(), artifacts);
    expect(failure?.text).toBe(`invalid opcode\n    at ${to}`);
  });
});

describe('console.log', () => {
  it('is decoded from a running contract', async () => {
    const { evm, outer } = await deploy(5n);
    const texts: string[] = [];
    const hooks = consoleHooks(({ text, from }) => texts.push(`${from === outer} ${text}`));
    const data = Uint8Array.fromHex(selectorOf('log(uint256)') + word(42n));
    await evm.call({ to: outer as Address, data, hooks });
    expect(texts).toEqual([`true value 42 true ${outer}`]);
    expect(CONSOLE_ADDRESS).toBe(CONSOLE_ADDRESS.toLowerCase());
  });

  it('knows the selectors that the consoles publish, old ones included', () => {
    // hardhat/console.sol and forge-std: log(string), log(uint256), log(uint), log(), log(int256),
    // log(bytes32), log(string,uint256), log(string,int256).
    const known = ['41304fac', 'f82c50f1', 'f5b1bba9', '51973ec9', '2d5b6cb9', '27b7cf85'];
    for (const selector of [...known, 'b60e72cc', '3ca6268e']) {
      const data = Uint8Array.fromHex(selector + word(64n) + word(64n) + word(0n));
      expect(decodeConsoleCall(data), selector).toBeDefined();
    }
    expect(decodeConsoleCall(Uint8Array.fromHex('deadbeef'))).toBeUndefined();
  });

  it('prints as the console does', () => {
    expect(formatConsole(['%s of %d%%, %x', 'ten', 5n, 255n, true])).toBe('ten of 5%, 0xff true');
    expect(formatConsole([1n, 'a'])).toBe('1 a');
    expect(formatConsole(['only %s'])).toBe('only %s');
    expect(formatConsole([])).toBe('');
  });
});

describe('decoding', () => {
  it('never throws, whatever a contract returns', () => {
    const types: readonly AbiParameter[] = [
      { type: 'string' },
      { type: 'uint256[][3]' },
      { type: 'tuple[]', components: [{ type: 'bytes' }, { type: 'int8' }, { type: 'bytes4' }] },
    ];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat({ max: 2 }), (bytes, pick) => {
        decodeAbi([types[pick] as AbiParameter], bytes);
        decodeRevert(bytes);
        for (const selector of ['08c379a0', '4e487b71']) {
          decodeRevert(Uint8Array.from([...Uint8Array.fromHex(selector), ...bytes]));
        }
      }),
    );
    // Arrays whose elements all name the same bytes: 32 to the power of eight values.
    const nested = { type: 'uint256[][][][][][][][]' };
    const bytes = Uint8Array.fromHex(word(32n).repeat(40));
    expect(decodeAbi([nested], bytes)).toBeUndefined();
  });

  it('reads tuples, arrays and signed integers', () => {
    const pair = { type: 'tuple', components: [{ type: 'int16' }, { type: 'string' }] };
    const text = '6869'.padEnd(64, '0');
    const bytes = [32n, 2n ** 256n - 2n, 64n, 2n].map(word).join('') + text;
    expect(decodeAbi([pair], Uint8Array.fromHex(bytes))).toEqual([[-2n, 'hi']]);
    const fixed = Uint8Array.fromHex(word(1n) + word(0n));
    expect(decodeAbi([{ type: 'bool[2]' }], fixed)).toEqual([[true, false]]);
  });
});
