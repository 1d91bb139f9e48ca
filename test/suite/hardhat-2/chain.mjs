/** What the suite needs, as Hardhat 2 and its plug-ins have it. */
import helpers from '@nomicfoundation/hardhat-network-helpers';
import chai from 'chai';
import hre from 'hardhat';

const { ethers } = hre;
const { expect } = chai;
const request = (method, params) => hre.network.provider.request({ method, params });

export { ethers, expect, helpers, request };
