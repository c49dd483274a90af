import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = new URL('../../..', import.meta.url).pathname;

/** Modules of npm that a module loads, and those it leads to: by import, dynamic import and as a thread's file. */
function packagesOf(start: string): string[] {
  const found = new Set<string>();
  const seen = new Set<string>();
  const queue = [resolve(root, start)];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    const text = readFileSync(file, 'utf8');
    const imports = /^(?:import|export)\s+(?!type\b)(?:[^;']*?from\s+)?'([^']+)'/gms;
    for (const [, name = ''] of [...text.matchAll(imports), ...text.matchAll(/\bimport\('([^']+)'\)/g)]) {
      if (name.startsWith('.')) queue.push(resolve(dirname(file), name));
      else if (!name.startsWith('node:')) found.add(`${name} in ${file.slice(root.length)}`);
    }
  }
  expect(seen.size).toBeGreaterThan(1);
  return [...found];
}

test.each(['src/pod.ts', 'src/load/worker.ts', 'src/load/ticker.ts', 'src/observe/sink-thread.ts'])(
  '%s runs where no package is installed, as in the image',
  (start) => {
    expect(packagesOf(start)).toEqual([]);
  },
);
