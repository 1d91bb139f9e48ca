/**
 * Which web pages may ask: the guard against pages that a browser of this machine happens to show.
 *
 * A browser names the page it asks for in `Origin`, and the name by which it found the server in
 * `Host`. A page of another site is refused by its origin. A page whose own name was made to point
 * here (DNS rebinding) is refused by the name of the host: addresses are let through, since nobody
 * can make them point elsewhere, and so is `localhost`. Programs that are none send no origin.
 */

import { isIP } from 'node:net';
import { ServerError } from './fault.ts';

export interface SiteRules {
  /**
   * Pages that may ask: none when left out. 'loopback': those of this machine, and extensions of
   * browsers (wallets); else an origin such as `https://app.example`; '*': any page.
   */
  readonly origins?: readonly string[];
  /** Names of the server beside `localhost` and addresses; '*': any name. */
  readonly hosts?: readonly string[];
}

export const LOOPBACK_ORIGINS = 'loopback';

/** Of browsers' extensions: an origin of these is no web page. */
const EXTENSION = /^(chrome|moz|safari-web)-extension:\/\//;

export class SiteGuard {
  readonly #origins: ReadonlySet<string>;
  readonly #hosts: ReadonlySet<string>;
  /** The last that was let through: clients name the same one again and again. */
  #known: string | undefined;

  /** @throws ServerError 'server/wrong origin' */
  constructor({ origins = [], hosts = [] }: SiteRules) {
    this.#origins = new Set(origins.map(originOf));
    this.#hosts = new Set(hosts.map((host) => host.toLowerCase()));
  }

  /** Undefined: no browser. */
  allowsOrigin(origin: string | undefined): boolean {
    if (origin === undefined || this.#origins.has('*')) return true;
    const name = origin.toLowerCase();
    if (this.#origins.has(name)) return true;
    return this.#origins.has(LOOPBACK_ORIGINS) && (EXTENSION.test(name) || isLoopback(name));
  }

  /** Undefined: HTTP 1.0, no browser. */
  allowsHost(host: string | undefined): boolean {
    if (host === undefined || host === '' || this.#hosts.has('*')) return true;
    if (host === this.#known) return true;
    const name = hostName(host);
    const allows =
      name !== undefined && (isAddress(name) || isLocal(name) || this.#hosts.has(name));
    if (allows) this.#known = host;
    return allows;
  }
}

function originOf(text: string): string {
  if (text === '*' || text === LOOPBACK_ORIGINS || text === 'null') return text;
  if (EXTENSION.test(text)) return text.replace(/\/$/, '');
  const { origin = 'null' } = URL.canParse(text) ? new URL(text) : {};
  if (origin !== 'null') return origin;
  const message = `${text} is no origin: write https://app.example, '${LOOPBACK_ORIGINS}' or '*'`;
  throw new ServerError('server/wrong origin', message);
}

function isLoopback(origin: string): boolean {
  if (!/^https?:\/\//.test(origin) || !URL.canParse(origin)) return false;
  const name = new URL(origin).hostname;
  return isLocal(name) || name === '[::1]' || /^127(\.\d+){3}$/.test(name);
}

/** Names that stand for this machine wherever they are looked up (RFC 6761). */
function isLocal(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}

function isAddress(name: string): boolean {
  return isIP(name.replace(/^\[|\]$/g, '')) !== 0;
}

/** The name without the port, in small letters. */
function hostName(host: string): string | undefined {
  const [, name] = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::\d*)?$/.exec(host.toLowerCase()) ?? [];
  return name?.replace(/\.$/, '');
}
