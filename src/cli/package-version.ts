/** Of which version the program is, as its package says, and of which commit. */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Hex } from '../evm/types.ts';

export function packageVersion(): string {
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      const text = readFileSync(new URL(path, import.meta.url), 'utf8');
      return (JSON.parse(text) as { version: string }).version;
    } catch {
      // The sources and the published files lie at different depths.
    }
  }
  return 'unknown';
}

const UNKNOWN_COMMIT: Hex = '0x00000000';

/**
 * The first four bytes of the commit: of a checkout as git says, of a built package as it was when
 * it was built (scripts/build-dist.mjs). Zeros where neither says.
 */
export function packageCommit(): Hex {
  const root = new URL('../../', import.meta.url);
  const built = new URL('commit', root);
  try {
    const commit = existsSync(built) ? readFileSync(built, 'utf8') : commitOf(fileURLToPath(root));
    return /^[0-9a-f]{40}\s*$/.test(commit) ? `0x${commit.slice(0, 8)}` : UNKNOWN_COMMIT;
  } catch {
    // There is no git here.
    return UNKNOWN_COMMIT;
  }
}

/** Empty where the folder is not the root of a checkout: what it lies in is somebody else's. */
function commitOf(folder: string): string {
  if (!existsSync(`${folder}.git`)) return '';
  return execFileSync('git', ['rev-parse', 'HEAD'], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}
