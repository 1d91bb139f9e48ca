/** npm's solc as forge asks a native one: `--version`, or `--standard-json` on standard input. */

import { readFileSync } from 'node:fs';
import solc from 'solc';

if (process.argv.includes('--version')) {
  process.stdout.write(
    `solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`,
  );
} else {
  process.stdout.write(solc.compile(readFileSync(0, 'utf8')));
}
