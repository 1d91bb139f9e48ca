import { describe, expect, it } from 'vitest';
import { IronflyError } from '../../base/errors.ts';
import { WordMap } from '../../base/word-map.ts';
import { checkSpec } from '../database/kept-spec.ts';
import { MAINNET } from '../networks.ts';
import { parseGenesis } from './genesis-file.ts';

const ZERO = { eip150Block: 0, eip155Block: 0, eip158Block: 0, byzantiumBlock: 0 };
const TO_LONDON = {
  ...{ chainId: 1337, homesteadBlock: 0, ...ZERO },
  ...{ constantinopleBlock: 0, petersburgBlock: 0, istanbulBlock: 0, berlinBlock: 0 },
  londonBlock: 0,
};
const MERGED = { ...TO_LONDON, terminalTotalDifficulty: 0 };
const ADDRESS = 'Ab5801a7d398351b8be11c439e05c5b3259aec9b';

const fileOf = (over: object = {}) => ({
  config: TO_LONDON,
  difficulty: '0x20000',
  gasLimit: '0x1c9c380',
  alloc: {},
  ...over,
});
const parse = (over: object = {}) => parseGenesis(JSON.stringify(fileOf(over)));
const account = (fields: object) => {
  const { state } = parse({ alloc: { [ADDRESS]: fields } });
  return state.accounts.get(`0x${ADDRESS.toLowerCase()}`);
};

/** Sepolia's file as geth and reth have it. */
const SEPOLIA = {
  config: {
    ...TO_LONDON,
    chainId: 11_155_111,
    muirGlacierBlock: 0,
    terminalTotalDifficulty: 17_000_000_000_000_000,
    mergeNetsplitBlock: 1_735_371,
    shanghaiTime: 1_677_557_088,
    cancunTime: 1_706_655_072,
  },
  nonce: '0x00',
  timestamp: '0x6159af19',
  extraData: '0x5365706f6c69612c20417468656e732c204174746963612c2047726565636521',
  gasLimit: '0x1c9c380',
  difficulty: '0x20000',
  mixHash: `0x${'00'.repeat(32)}`,
  coinbase: `0x${'00'.repeat(20)}`,
  stateRoot: '0x5eb6e371a698b8d68f665192350ffcecbbbf322916f4b51bd79bb6887da3f494',
  alloc: {
    ...Object.fromEntries(
      `a2A6d93439144FFE4D27c9E088dCD8b783946263 Bc11295936Aa79d594139de1B2e12629414F3BDB
       7cF5b79bfe291A67AB02b393E456cCc4c266F753 aaec86394441f915bce3e6ab399977e9906f3b69
       F47CaE1CF79ca6758Bfc787dbD21E6bdBe7112B8 d7eDDB78ED295B3C9629240E8924fb8D8874ddD8
       8b7F0977Bb4f0fBE7076FA22bC24acA043583F5e e2e2659028143784d557bcec6ff3a0721048880a
       d9a5179f091d85051d3c982785efd1455cec8699 beef32ca5b9a198d27B4e02F4c70439fE60356Cf`
        .split(/\s+/)
        .map((address) => [`0x${address}`, { balance: '0xD3C21BCECCEDA1000000' }]),
    ),
    '0x0000006916a87b82333f4245046623b23794c65c': { balance: '0x84595161401484A000000' },
    '0xb21c33de1fab3fa15499c62b59fe0cc3250020d1': { balance: '0x52B7D2DCC80CD2E4000000' },
    '0x10F5d45854e038071485AC9e402308cF80D2d2fE': { balance: '0x52B7D2DCC80CD2E4000000' },
    '0xd7d76c58b3a519e9fA6Cc4D22dC017259BC49F1E': { balance: '0x52B7D2DCC80CD2E4000000' },
    '0x799D329e5f583419167cD722962485926E338F4a': { balance: '0xDE0B6B3A7640000' },
  },
};

describe('a genesis file', () => {
  it('is Sepolia’s, to the published hash', () => {
    const { block, spec } = parseGenesis(JSON.stringify(SEPOLIA));
    const hash = '0x25a5cc106eea7138acab33231d7160d69cb777ee0c2c553fcddf5138993e6dd9';
    expect(block.hash).toBe(hash);
    expect(spec.forks).toEqual([
      { fork: 'london' },
      { fork: 'paris', totalDifficulty: 17_000_000_000_000_000n },
      { fork: 'shanghai', timestamp: 1_677_557_088n },
      { fork: 'cancun', timestamp: 1_706_655_072n },
    ]);
  });

  it('gives mainnet’s forks as they are known', () => {
    const text = JSON.stringify(
      fileOf({
        config: {
          ...{ chainId: 1, homesteadBlock: 1_150_000, daoForkBlock: 1_920_000 },
          ...{ daoForkSupport: true, eip150Block: 2_463_000, eip155Block: 2_675_000 },
          ...{ eip158Block: 2_675_000, byzantiumBlock: 4_370_000, petersburgBlock: 7_280_000 },
          ...{ constantinopleBlock: 7_280_000, istanbulBlock: 9_069_000, ethash: {} },
          ...{ muirGlacierBlock: 9_200_000, berlinBlock: 12_244_000, londonBlock: 12_965_000 },
          ...{ arrowGlacierBlock: 13_773_000, grayGlacierBlock: 15_050_000, shanghaiTime: 'S' },
          ...{ cancunTime: 1_710_338_135, pragueTime: 1_746_612_311, osakaTime: 1_764_798_551 },
          ...{ bpo1Time: 1_765_290_071, bpo2Time: 1_767_747_671, mergeNetsplitBlock: null },
          terminalTotalDifficulty: 'TTD',
        },
      }),
    );
    // A number that a double does not hold.
    const exact = text.replace('"TTD"', '58750000000000000000000').replace('"S"', '1681338455');
    const { spec } = parseGenesis(exact);
    expect(spec).toEqual(MAINNET);
    expect(() => checkSpec(spec, MAINNET)).not.toThrow();
  });

  it('takes accounts in every form', () => {
    const wei = 10n ** 21n;
    for (const balance of [`${wei}`, `0x${wei.toString(16)}`, `0X${wei.toString(16)}`]) {
      expect(account({ balance })).toMatchObject({ balance: wei, nonce: 0n });
    }
    expect(account({ balance: 12, nonce: '0x10', secretKey: '0x00' })).toMatchObject({
      ...{ balance: 12n, nonce: 16n, storageWiped: false },
    });
    const word = (value: number) => value.toString(16).padStart(64, '0');
    const storage = { '0x01': '0x0002', [word(3)]: word(4), [`0x${word(5)}`]: '0x0' };
    const code = '600160020160005500';
    for (const form of [code, `0x${code}`]) {
      const found = account({ balance: '0', code: form, storage });
      expect(found?.storage).toEqual(new WordMap([[1n, 2n], [3n, 4n]])); // biome-ignore format: pairs
      expect(found?.codeHash).toBe(account({ code })?.codeHash);
    }
  });

  it('gives the first block the fields of its fork, and no others', () => {
    const fields = { baseFeePerGas: '0x7', blobGasUsed: '0x1', excessBlobGas: '0x2' };
    expect(parse(fields).block.header).toMatchObject({ baseFeePerGas: 7n });
    expect(parse(fields).block.header.blobGasUsed).toBeUndefined();
    const config = { ...MERGED, shanghaiTime: 0, cancunTime: 10 };
    expect(parse({ ...fields, config }).block.header.withdrawalsRoot).toBeDefined();
    const later = parse({ ...fields, config, timestamp: '10', mixhash: `${'01'.repeat(32)}` });
    expect(later.block.header).toMatchObject({ excessBlobGas: 2n, timestamp: 10n });
    expect(later.spec.forks).toEqual([{ fork: 'cancun' }]);
  });

  it('takes blobs as the file has them', () => {
    const times = { shanghaiTime: 0, cancunTime: 0, pragueTime: 5, osakaTime: 6, bpo1Time: 7 };
    const ethereums = { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 };
    const own = { target: 1, max: 2, baseFeeUpdateFraction: 3 };
    const blobSchedule = { prague: ethereums, bpo3: own };
    const { spec } = parse({ config: { ...MERGED, ...times, blobSchedule, bpo3Time: 8 } });
    const blobs = { target: 1, max: 2, baseFeeUpdateFraction: 3n };
    expect(spec.forks).toEqual([
      { fork: 'cancun' },
      {
        ...{ fork: 'prague', timestamp: 5n },
        blobs: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716n },
      },
      { fork: 'osaka', timestamp: 6n },
      {
        ...{ fork: 'osaka', timestamp: 7n },
        blobs: { target: 10, max: 15, baseFeeUpdateFraction: 8_346_193n },
      },
      { fork: 'osaka', timestamp: 8n, blobs },
    ]);
  });
});

it('a chain takes part in the DAO’s fork where its file says so alone', () => {
  const dao = (over: object) => parse({ config: { ...TO_LONDON, ...over } }).spec.daoFork;
  expect(dao({ daoForkBlock: 7, daoForkSupport: true })).toBe(7n);
  expect(dao({ daoForkBlock: 7, daoForkSupport: false })).toBeUndefined();
  expect(dao({ daoForkBlock: 7 })).toBeUndefined();
});

it('a chain may begin with the merge, and its bomb never be late', () => {
  const { spec } = parse(config({ terminalTotalDifficulty: 0, grayGlacierBlock: 7 }));
  expect(spec.forks).toEqual([{ fork: 'paris' }]);
});

const config = (over: object) => ({ config: { ...TO_LONDON, ...over } });
const OWN = { target: 1, max: 2, baseFeeUpdateFraction: 3 };
const SCHEDULE = 'config.blobSchedule';
const LACKS = ['genesis/fork order', SCHEDULE] as const;
const blobsOf = (blobSchedule: object, over: object = {}) => ({
  config: { ...MERGED, ...times(), ...over, blobSchedule },
});
const mergedAt = (terminalTotalDifficulty: number, londonBlock: number) =>
  config({ terminalTotalDifficulty, londonBlock });
const alloc = (fields: unknown) => ({ alloc: { [ADDRESS]: fields } });

describe('a genesis file is refused', () => {
  it.each<[what: string, over: object, code: string, path: string]>([
    ['no configuration', { config: null }, 'json/value', 'config'],
    ['no chain', config({ chainId: null }), 'json/value', 'config.chainId'],
    ['no limit', { gasLimit: undefined }, 'json/value', 'gasLimit'],
    ['a limit of nothing', { gasLimit: 0 }, 'json/value', 'gasLimit'],
    ['no difficulty', { difficulty: undefined }, 'json/value', 'difficulty'],
    ['an unknown field', { gasLimits: 1 }, 'genesis/unknown field', 'gasLimits'],
    ['an unknown fork', config({ verkleTime: 5 }), 'genesis/unknown fork', 'config.verkleTime'],
    ['another chain’s fork', config({ bedrockBlock: 0 }), 'genesis/unknown fork', ''],
    ['another’s seal', config({ parlia: {} }), 'genesis/unknown field', 'config.parlia'],
    ['authority', config({ clique: {} }), 'genesis/unsupported', 'config.clique'],
    ['two halves of a fork', config({ eip155Block: 1 }), 'genesis/unsupported', ''],
    ['a fork left out', config({ berlinBlock: null }), 'genesis/fork order', 'config.londonBlock'],
    ['a fork too early', config({ berlinBlock: 5 }), 'genesis/fork order', 'config.londonBlock'],
    ['no merge', config({ shanghaiTime: 0 }), 'genesis/fork order', ''],
    [
      'a late merge',
      config({ shanghaiTime: 0, terminalTotalDifficulty: 131_073 }),
      ...(['genesis/fork order', 'config.terminalTotalDifficulty'] as const),
    ],
    ['unknown blobs', config({ blobSchedule: { bpo9: {} } }), 'genesis/unknown fork', ''],
    [
      'blobs above their limit',
      config({ blobSchedule: { cancun: { target: 4, max: 3, baseFeeUpdateFraction: 1 } } }),
      ...(['json/value', 'config.blobSchedule.cancun.target'] as const),
    ],
    ['blobs of nothing', blobsOf({ cancun: { ...OWN, target: 0, max: 0 } }), 'json/value', ''],
    ['Ethereum’s blobs again', blobsOf({ prague: OWN }), 'genesis/fork order', SCHEDULE],
    ['Ethereum’s bpo1 again', blobsOf({ osaka: OWN }, { bpo1Time: 7 }), ...LACKS],
    ['Amsterdam without', blobsOf({ bpo3: OWN }, { bpo3Time: 8, amsterdamTime: 9 }), ...LACKS],
    ['a fork behind the merge', mergedAt(0, 5), 'genesis/fork order', 'config.londonBlock'],
    ['one behind a merge at once', mergedAt(0x20000, 5), 'genesis/fork order', ''],
    ['no blobs', { config: { ...MERGED, ...times(), bpo3Time: 9 } }, 'genesis/fork order', ''],
    ['a negative balance', alloc({ balance: -1 }), 'json/value', `alloc.${ADDRESS}.balance`],
    ['a negative text', alloc({ balance: '-1' }), 'json/value', `alloc.${ADDRESS}.balance`],
    ['a balance above 2^256', alloc({ balance: `0x1${'0'.repeat(64)}` }), 'json/value', ''],
    ['a nonce above 2^64', alloc({ nonce: `${2n ** 64n}` }), 'json/value', ''],
    ['half a byte', alloc({ code: '0x123' }), 'json/value', `alloc.${ADDRESS}.code`],
    [
      'a long slot',
      alloc({ storage: { [`0x${'1'.repeat(65)}`]: '0x1' } }),
      'genesis/unknown field',
      '',
    ],
    ['a slot in decimal', alloc({ storage: { 10: '0x1' } }), 'genesis/unknown field', ''],
    ['a slot twice', alloc({ storage: { '0x1': '0x1', '0x01': '0x1' } }), 'genesis/duplicate', ''],
    ['an unknown part', alloc({ nonces: 1 }), 'genesis/unknown field', `alloc.${ADDRESS}.nonces`],
    ['two balances', alloc({ balance: 1, wei: 1 }), 'genesis/duplicate', ''],
    ['a short address', { alloc: { '0xab': {} } }, 'genesis/unknown field', 'alloc.0xab'],
    [
      'an account twice',
      { alloc: { [ADDRESS]: {}, [`0x${ADDRESS}`]: {} } },
      'genesis/duplicate',
      '',
    ],
    [
      'an account twice, by case',
      { alloc: { [ADDRESS]: {}, [ADDRESS.toLowerCase()]: {} } },
      ...(['json/duplicate', ''] as const),
    ],
    ['a field twice, by case', { mixHash: null, mixhash: null }, 'json/duplicate', 'mixhash'],
    ['a short hash', { parentHash: '0x00' }, 'json/value', 'parentHash'],
    ['a long address', { coinbase: `0x${'00'.repeat(21)}` }, 'json/value', 'coinbase'],
    ['a long nonce', { nonce: `0x${'1'.repeat(17)}` }, 'json/value', 'nonce'],
    ['a root that lies', { stateRoot: `0x${'11'.repeat(32)}` }, 'genesis/wrong root', 'stateRoot'],
  ])('for %s', (_, over, code, path) => {
    let error: unknown;
    try {
      parse(over);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(IronflyError);
    expect(error).toMatchObject({ code });
    if (path !== '') expect(error).toMatchObject({ details: { path } });
  });
});

function times(): object {
  return { shanghaiTime: 0, cancunTime: 0, pragueTime: 5, osakaTime: 6 };
}
