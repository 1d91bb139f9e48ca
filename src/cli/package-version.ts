/** Of which version the program is, as its package says. */

import { readFileSync } from 'node:fs';

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
