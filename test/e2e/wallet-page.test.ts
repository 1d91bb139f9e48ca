/**
 * A page in headless Chromium with a wallet: it connects, signs and sends to `ironfly dev`, which
 * it asks itself, too, from an origin of its own.
 */

import { existsSync } from 'node:fs';
import { verifyMessage, verifyTypedData } from 'ethers';
import { injectHeadlessWeb3Provider, Web3RequestKind } from 'headless-web3-provider';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BROWSERS, type Site, serve } from '../browser/server.ts';
import { compileCounter } from './counter.ts';
import { type DevProcess, startDev } from './dev-process.ts';

const KEY = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
const FIRST = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266';
const STRANGER = '0x00000000000000000000000000000000deadbeef';
const CHAIN_ID = 31_337;
const program = BROWSERS.find((path) => path !== undefined && existsSync(path));
const closing: (() => Promise<unknown>)[] = [];
let dev: DevProcess;
let page: Page;
let wallet: Awaited<ReturnType<typeof injectHeadlessWeb3Provider>>;

beforeAll(async () => {
  if (program === undefined) return;
  dev = await startDev();
  closing.push(() => dev.stop());
  const given = { url: dev.url, ...compileCounter(), stranger: STRANGER };
  const site: Site = await serve(new Map([['/files/page.json', () => JSON.stringify(given)]]), {
    isolated: false,
    script: '/test/e2e/wallet-page/page.ts',
  });
  closing.push(() => site.close());
  const browser: Browser = await chromium.launch({
    executablePath: program,
    args: ['--no-sandbox'],
  });
  closing.push(() => browser.close());
  page = await browser.newPage();
  const inject = injectHeadlessWeb3Provider as unknown as (
    page: Page,
    keys: readonly string[],
    chainId: number,
    url: string,
  ) => ReturnType<typeof injectHeadlessWeb3Provider>;
  wallet = await inject(page, [KEY], CHAIN_ID, dev.url);
  await page.goto(site.url);
}, 60_000);

afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

/** What the page says after a click, the wallet's owner agreeing. */
async function click(name: string, ...agreed: readonly Web3RequestKind[]): Promise<string> {
  await page.getByRole('button', { name, exact: true }).click();
  for (const kind of agreed) await wallet.authorize(kind);
  const answer = page.locator(`output[data-of="${name}"]`);
  await answer.filter({ hasText: /./ }).waitFor();
  return (await answer.textContent()) ?? '';
}

test.skipIf(program === undefined)(
  'a wallet connects, signs and sends',
  async () => {
    const { RequestAccounts, SignMessage, SignTypedDataV4, SendTransaction } = Web3RequestKind;
    expect(await click('connect', RequestAccounts)).toBe(`${FIRST} on ${CHAIN_ID}`);
    const signature = await click('sign', SignMessage);
    // This wallet signs the message's bytes as the text they are sent as, in hexadecimal.
    const text = `0x${Buffer.from('I trade here').toString('hex')}`;
    expect(verifyMessage(text, signature)).toBe(FIRST);
    const types = { Order: [{ name: 'price', type: 'uint256' }] };
    const domain = { name: 'Exchange', chainId: CHAIN_ID };
    const typed = await click('sign typed', SignTypedDataV4);
    expect(verifyTypedData(domain, types, { price: 25n }, typed)).toBe(FIRST);
    expect(await click('send', SendTransaction)).toBe('1 in 1, has 1000000000');
    expect(await click('deploy', SendTransaction)).toBe('5');
    expect(await click('add', SendTransaction)).toBe('12');
    expect(await click('add too much')).toBe('TooMuch 101 100');
    expect(await dev.ask('eth_blockNumber')).toBe('0x3');
    expect(await dev.ask('eth_getBalance', STRANGER, 'latest')).toBe('0x3b9aca00');
  },
  60_000,
);
