/**
 * Tokens of the Engine API: JSON Web Tokens (RFC 7519) signed by HMAC-SHA256, which say when they
 * were made and are good for a minute. By node:crypto: a token is three texts in Base64url,
 *
 *   {"alg":"HS256","typ":"JWT"} . {"iat": seconds since 1970} . HMAC-SHA256(secret, both)
 *
 * https://github.com/ethereum/execution-apis/blob/main/src/engine/authentication.md
 */

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { ServerError } from './fault.ts';

export const SECRET_BYTES = 32;
/** How far `iat` may be from the server's clock. */
export const ISSUED_SECONDS_MAX = 60;
/** A token of a client has 200 characters. */
const TOKEN_CHARACTERS_MAX = 4_096;

/** What is wrong with a token; 401 says it to the client. */
export type TokenFault =
  | 'missing token'
  | 'malformed token'
  | 'token is not signed by HS256'
  | 'invalid signature'
  | 'token says not when it was issued'
  | 'stale token'
  | 'token is expired';

/** @throws ServerError 'server/wrong secret' */
export function secretOfHex(text: string): Uint8Array {
  const digits = text.trim().replace(/^0x/i, '');
  if (/^[0-9a-fA-F]{64}$/.test(digits)) return Uint8Array.from(Buffer.from(digits, 'hex'));
  const message = `a secret has ${SECRET_BYTES} bytes in hexadecimal digits`;
  throw new ServerError('server/wrong secret', message);
}

/** @throws ServerError 'server/wrong secret' that names the file */
export async function readSecret(file: string): Promise<Uint8Array> {
  try {
    return secretOfHex(await readFile(file, 'utf8'));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ServerError('server/wrong secret', `the secret file ${file}: ${why}`, { cause });
  }
}

/** The secret of a file; where there is none, one is made, for the owner's eyes alone. */
export async function readOrMakeSecret(file: string): Promise<Uint8Array> {
  const secret = randomBytes(SECRET_BYTES);
  try {
    await writeFile(file, `0x${secret.toString('hex')}\n`, { flag: 'wx', mode: 0o600 });
    return Uint8Array.from(secret);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return readSecret(file);
  }
}

/** A token as a client sends it, `Authorization: Bearer <token>`. */
export function makeToken(
  secret: Uint8Array,
  claims: Readonly<Record<string, unknown>> = {},
): string {
  const issued = { iat: Math.floor(Date.now() / 1_000), ...claims };
  const signed = `${encoded({ alg: 'HS256', typ: 'JWT' })}.${encoded(issued)}`;
  return `${signed}.${signatureOf(secret, signed).toString('base64url')}`;
}

/** What is wrong with the header `Authorization`; undefined: nothing. */
export function tokenFault(
  secret: Uint8Array,
  authorization: string | undefined,
  nowMs: number = Date.now(),
): TokenFault | undefined {
  if (authorization === undefined) return 'missing token';
  const [, token] = /^bearer +(\S+)$/i.exec(authorization.slice(0, TOKEN_CHARACTERS_MAX)) ?? [];
  const [header, payload, signature, more] = token?.split('.', 4) ?? [];
  if (
    header === undefined ||
    payload === undefined ||
    signature === undefined ||
    more !== undefined
  )
    return 'malformed token';
  // Before anything of it is read.
  const given = Buffer.from(signature, 'base64url');
  const wanted = signatureOf(secret, `${header}.${payload}`);
  const isSigned = given.length === wanted.length && timingSafeEqual(given, wanted);
  if (decoded(header)?.['alg'] !== 'HS256') return 'token is not signed by HS256';
  if (!isSigned) return 'invalid signature';
  return claimsFault(decoded(payload), nowMs / 1_000);
}

function claimsFault(
  claims: Readonly<Record<string, unknown>> | undefined,
  nowSeconds: number,
): TokenFault | undefined {
  if (claims === undefined) return 'malformed token';
  const { iat, exp } = claims;
  if (typeof iat !== 'number') return 'token says not when it was issued';
  if (!(Math.abs(nowSeconds - iat) <= ISSUED_SECONDS_MAX)) return 'stale token';
  if (exp !== undefined && !(typeof exp === 'number' && exp > nowSeconds))
    return 'token is expired';
  return undefined;
}

function signatureOf(secret: Uint8Array, signed: string): Buffer {
  return createHmac('sha256', secret).update(signed).digest();
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decoded(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
