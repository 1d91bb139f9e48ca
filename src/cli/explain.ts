/**
 * `ironfly explain`: the compiler made visible: blocks and regions as a graph, gas and stack, the
 * text of the wasm, what was compiled and what was not, and why; in the terminal, or as a page.
 */
import type { Command } from 'commander';
import type { ForkName } from '../evm/forks/names.ts';
import { parseHex, readContract } from './contract.ts';
import { explain } from './explain/model.ts';
import { asHtml } from './explain/page.ts';
import { countJumps } from './explain/profile.ts';
import { asText } from './explain/text.ts';
import { parseFork } from './fork-option.ts';
import { writeWhole } from './output-file.ts';

interface ExplainOptions {
  readonly fork: ForkName;
  readonly input?: string;
  readonly html?: string;
  readonly blocks?: true;
  readonly wasm?: true;
}

/** Adds the command to the program. */
export function register(program: Command): void {
  program
    .command('explain')
    .description('show how a contract is compiled: regions, blocks, wasm, and what is left out')
    .argument('<code>', 'hex, a file of hex, or a Foundry or Hardhat artifact')
    .option('--fork <name>', 'rules to compile by', parseFork, 'osaka')
    .option('--input <hex>', 'call it with this data first, and compile what was hot')
    .option('--blocks', 'list the instructions of each block')
    .option('--wasm', 'print the text of the WebAssembly')
    .option('--html <file>', 'write one self-contained page, with graphs, instead')
    .addHelpText(
      'after',
      '\nExample:\n  ironfly explain out/Token.sol/Token.json --html token.html',
    )
    .action(run);
}

async function run(given: string, options: ExplainOptions): Promise<void> {
  const { fork, input, html, blocks, wasm } = options;
  const { name, code } = readContract(given);
  const data = input === undefined ? undefined : parseHex(input);
  const profile = data && (await countJumps(code, fork, data));
  const explanation = explain({ name, code, fork, profile });
  if (html === undefined) {
    const parts = { blocks: blocks === true, wasm: wasm === true };
    process.stdout.write(asText(explanation, parts));
    return;
  }
  await writeWhole(html, [asHtml(explanation)]);
  process.stderr.write(`${html} is written; open it in a browser\n`);
}
