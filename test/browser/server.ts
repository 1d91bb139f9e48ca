/**
 * Serves the repository to a browser on a port of this machine alone: sources with their types
 * stripped, packages as they are installed. There is no bundle, so what runs is what is written.
 */
import { readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  '.ts': 'text/javascript',
  '.js': 'text/javascript',
  '.json': 'application/json',
};
/** What the sources import by the name of a package. */
const IMPORTS = {
  '@noble/hashes/': '/node_modules/@noble/hashes/',
  '@noble/curves/': '/node_modules/@noble/curves/',
  ethers: '/node_modules/ethers/dist/ethers.min.js',
};
/** Programs of a browser, the first that there is. */
export const BROWSERS: readonly (string | undefined)[] = [
  process.env['IRONFLY_CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];
const pageOf = (script: string): string =>
  `<!doctype html><meta charset="utf-8"><title>Ironfly in a browser</title>
<script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>
<body><script type="module" src="${script}"></script>`;
/** With these a page may share memory between threads. */
const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export interface Site {
  readonly url: string;
  close(): Promise<void>;
}

export interface SiteOptions {
  readonly isolated: boolean;
  /** What the page runs, by its path in the repository. */
  readonly script?: string;
}

/** `files` are served by their path below `/files/`. */
export async function serve(
  files: ReadonlyMap<string, () => string | Buffer>,
  { isolated, script = '/test/browser/page.ts' }: SiteOptions,
): Promise<Site> {
  const server: Server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://x').pathname));
    const body = path === '/' ? pageOf(script) : (files.get(path)?.() ?? readSource(path));
    if (body === undefined) {
      response.writeHead(404).end();
      return;
    }
    const type = path === '/' ? 'text/html' : TYPES[extname(path)];
    response.writeHead(200, {
      'Content-Type': `${type ?? 'application/octet-stream'}; charset=utf-8`,
      ...(isolated ? ISOLATION : {}),
    });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** A file of the repository; undefined where there is none. `path` begins with a slash. */
function readSource(path: string): string | Buffer | undefined {
  const file = join(ROOT, path);
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return undefined;
  const bytes = readFileSync(file);
  return extname(path) === '.ts' ? stripTypeScriptTypes(bytes.toString('utf8')) : bytes;
}
