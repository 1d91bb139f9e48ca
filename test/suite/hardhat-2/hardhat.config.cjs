/** The suite under Hardhat 2: on its own network, or on the node at SUITE_URL. */
require('@nomicfoundation/hardhat-ethers');
require('@nomicfoundation/hardhat-chai-matchers');
const { globSync } = require('node:fs');
const { join } = require('node:path');
const { subtask } = require('hardhat/config');
const { TASK_TEST_GET_TEST_FILES } = require('hardhat/builtin-tasks/task-names');

process.env.SUITE_HARDHAT = __dirname;

// Node strips the types; Hardhat 2 alone would look for JavaScript only.
subtask(TASK_TEST_GET_TEST_FILES, async ({ testFiles }, { config }) =>
  testFiles.length > 0
    ? testFiles
    : globSync('*.spec.ts', { cwd: config.paths.tests })
        .sort()
        .map((file) => join(config.paths.tests, file)),
);

/** @type {import('hardhat/config').HardhatUserConfig} */
module.exports = {
  // The contracts come compiled (../compile.ts); nothing is compiled, so no compiler is fetched.
  solidity: '0.8.30',
  paths: { tests: '../specs', sources: './contracts' },
  // With just what Anvil estimates, transactions to pools of v3 fail in their block now and then.
  networks: {
    hardhat: { hardfork: 'osaka' },
    ...(process.env.SUITE_URL === undefined
      ? {}
      : { remote: { url: process.env.SUITE_URL, gasMultiplier: 2 } }),
  },
  mocha: {
    timeout: 120_000,
    ...(process.env.SUITE_REPORT === undefined
      ? {}
      : { reporter: 'json', reporterOptions: { output: process.env.SUITE_REPORT } }),
  },
};
