/** What the suite needs, as Hardhat 3 and its plug-ins have it. */
import { expect } from 'chai';
import { network } from 'hardhat';

const { ethers, networkHelpers: helpers, provider } = await network.getOrCreate();
const request = (method, params) => provider.request({ method, params });

export { ethers, expect, helpers, request };
