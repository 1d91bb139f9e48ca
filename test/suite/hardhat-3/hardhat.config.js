/** The suite under Hardhat 3: on its own network, or on the node at SUITE_URL. */
import ethersPlugin from '@nomicfoundation/hardhat-ethers';
import matchersPlugin from '@nomicfoundation/hardhat-ethers-chai-matchers';
import mochaPlugin from '@nomicfoundation/hardhat-mocha';
import helpersPlugin from '@nomicfoundation/hardhat-network-helpers';
import { defineConfig } from 'hardhat/config';

process.env.SUITE_HARDHAT = import.meta.dirname;
const { SUITE_URL, SUITE_REPORT } = process.env;

export default defineConfig({
  plugins: [ethersPlugin, matchersPlugin, mochaPlugin, helpersPlugin],
  // The contracts come compiled (../compile.ts); nothing is compiled, so no compiler is fetched.
  solidity: '0.8.30',
  paths: { tests: { mocha: '../specs' }, sources: './contracts' },
  // With just what Anvil estimates, transactions to pools of v3 fail in their block now and then.
  networks: {
    default: { type: 'edr-simulated', hardfork: 'osaka' },
    ...(SUITE_URL === undefined
      ? {}
      : { remote: { type: 'http', url: SUITE_URL, gasMultiplier: 2 } }),
  },
  test: {
    mocha: {
      timeout: 120_000,
      ...(SUITE_REPORT === undefined
        ? {}
        : { reporter: 'json', reporterOptions: { output: SUITE_REPORT } }),
    },
  },
});
