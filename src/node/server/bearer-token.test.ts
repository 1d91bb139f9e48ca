/** Tokens of the Engine API, against those of others and those that were tampered with. */
import { createHmac } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  makeToken,
  readOrMakeSecret,
  readSecret,
  secretOfHex,
  tokenFault,
} from './bearer-token.ts';

const SECRET = secretOfHex('7e'.repeat(32));
const NOW_MS = 1_800_000_000_000;
const NOW = NOW_MS / 1_000;
const fault = (token: string, secret = SECRET) => tokenFault(secret, `Bearer ${token}`, NOW_MS);

const CLAIMS = '{"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true}';

/** A token with whatever header and payload, signed well. */
function signed(header: string, payload: string, secret = SECRET): string {
  const text = [header, payload].map((part) => Buffer.from(part).toString('base64url')).join('.');
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

describe('a token', () => {
  it('is taken for a minute before and after it was made', () => {
    for (const seconds of [-60, -59, 0, 60]) {
      expect(fault(makeToken(SECRET, { iat: NOW + seconds }))).toBe(undefined);
    }
    for (const seconds of [-61, 61, 1e9, -1e9, Number.NaN]) {
      expect(fault(makeToken(SECRET, { iat: NOW + seconds }))).not.toBe(undefined);
    }
    expect(tokenFault(SECRET, `Bearer ${makeToken(SECRET)}`)).toBe(undefined);
    expect(tokenFault(SECRET, `bearer  ${makeToken(SECRET)}`)).toBe(undefined);
  });

  it('may expire sooner', () => {
    expect(fault(makeToken(SECRET, { iat: NOW, exp: NOW + 1 }))).toBe(undefined);
    expect(fault(makeToken(SECRET, { iat: NOW, exp: NOW - 1 }))).toBe('token is expired');
    expect(fault(makeToken(SECRET, { iat: NOW, exp: 'never' }))).toBe('token is expired');
  });

  it('of RFC 7515, appendix A.1, has a good signature and no time', () => {
    const key = Buffer.from(
      'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
      'base64url',
    );
    const token = [
      'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9',
      // Its claims, with their line ends.
      Buffer.from(CLAIMS).toString('base64url'),
      'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    ].join('.');
    expect(fault(token, key)).toBe('token says not when it was issued');
    expect(fault(token)).toBe('invalid signature');
  });

  it('that is none is refused', () => {
    const good = makeToken(SECRET, { iat: NOW });
    const [header = '', payload = '', signature = ''] = good.split('.');
    const other = makeToken(secretOfHex('7f'.repeat(32)), { iat: NOW });
    expect(tokenFault(SECRET, undefined)).toBe('missing token');
    for (const text of ['', 'Bearer', 'Bearer ', 'Basic dTpw', good, `Bearer ${header}`]) {
      expect(tokenFault(SECRET, text, NOW_MS), text).toBe('malformed token');
    }
    expect(fault(`${good}.x`)).toBe('malformed token');
    expect(fault(`${header}.${payload}`)).toBe('malformed token');
    expect(fault(other)).toBe('invalid signature');
    expect(fault(`${header}.${payload}.`)).toBe('invalid signature');
    expect(fault(`${header}.${payload}.${signature.slice(0, -2)}`)).toBe('invalid signature');
    const later = Buffer.from(`{"iat":${NOW + 30}}`).toString('base64url');
    expect(fault(`${header}.${later}.${signature}`)).toBe('invalid signature');
    expect(fault('x'.repeat(1_000_000))).toBe('malformed token');
  });

  it('must name the algorithm', () => {
    const payload = `{"iat":${NOW}}`;
    expect(fault(signed('{"alg":"HS256"}', payload))).toBe(undefined);
    for (const header of ['{"alg":"none"}', '{"alg":"RS256"}', '{}', 'null', '[]', 'no JSON']) {
      expect(fault(signed(header, payload)), header).toBe('token is not signed by HS256');
    }
    expect(fault(signed('{"alg":"none"}', payload).replace(/[^.]*$/, ''))).not.toBe(undefined);
    for (const claims of ['', 'null', '[]', '7', '{"iat":']) {
      expect(fault(signed('{"alg":"HS256"}', claims)), claims).toBe('malformed token');
    }
    for (const iat of ['"now"', 'null', '[]', `"${NOW}"`]) {
      const why = 'token says not when it was issued';
      expect(fault(signed('{"alg":"HS256"}', `{"iat":${iat}}`)), iat).toBe(why);
    }
  });
});

describe('a file of a secret', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ironfly-secret-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is made once, for its owner', async () => {
    const file = join(folder, 'made.hex');
    const secret = await readOrMakeSecret(file);
    expect(secret.length).toBe(32);
    expect(await readOrMakeSecret(file)).toEqual(secret);
    expect(await readSecret(file)).toEqual(secret);
    expect((await readFile(file, 'utf8')).trim()).toBe(`0x${Buffer.from(secret).toString('hex')}`);
    if (process.platform !== 'win32') expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('holds 32 bytes in digits', async () => {
    expect(secretOfHex(` 0x${'Ab'.repeat(32)}\n`)).toEqual(new Uint8Array(32).fill(0xab));
    const file = join(folder, 'wrong.hex');
    for (const text of ['', '0x', 'ab'.repeat(31), 'ab'.repeat(33), 'zz'.repeat(32)]) {
      await writeFile(file, text);
      await expect(readSecret(file)).rejects.toMatchObject({ code: 'server/wrong secret' });
    }
    await expect(readSecret(join(folder, 'none'))).rejects.toThrow(/none/);
  });
});
