/** `console.log` and a stack trace in Solidity's lines, of a contract that solc compiles here. */
import solc from 'solc';
import { createEVM } from '../src/evm/evm.ts';
import { selectorOf } from '../src/evm/solidity/abi.ts';
import { type CompilerOutput, loadArtifacts } from '../src/evm/solidity/artifacts.ts';
import { consoleHooks } from '../src/evm/solidity/console.ts';
import { recordCalls, traceFailure } from '../src/evm/solidity/stack-trace.ts';
import { COUNTER } from './contracts.ts';

const content = `
contract Vault {
  function open() external view {
    (bool ok, ) = 0x000000000000000000636F6e736F6c652e6c6f67.staticcall(
      abi.encodeWithSignature("log(string,address)", "opened by", msg.sender)
    );
    require(ok && msg.sender == address(1), "not yours");
  }
}`;
const input = {
  language: 'Solidity',
  sources: { 'Vault.sol': { content } },
  settings: {
    outputSelection: {
      '*': { '*': ['abi', 'evm.bytecode', 'evm.deployedBytecode'], '': ['ast'] },
    },
  },
};
const output = JSON.parse(solc.compile(JSON.stringify(input))) as CompilerOutput;
const vault = output.contracts?.['Vault.sol']?.['Vault']?.evm?.deployedBytecode?.object ?? '';

const evm = createEVM();
const overrides = { [COUNTER]: { code: Uint8Array.fromHex(vault) } };
const call = { to: COUNTER, data: Uint8Array.fromHex(selectorOf('open()')), overrides };
await evm.call({ ...call, hooks: consoleHooks(({ text }) => console.log(text)) });

const recorder = recordCalls();
await evm.call({ ...call, ...recorder.options });
console.log(traceFailure(recorder.root(), loadArtifacts([{ input, output }]))?.text);
// not yours
//     at Vault.open (Vault.sol:7:5)
