import { readFileSync } from 'node:fs';

/** The version in squall's own package.json, from a checkout as from the npm package. */
export function ownVersion(): string {
  const manifest: { version: string } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  return manifest.version;
}
