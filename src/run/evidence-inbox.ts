import { appendFileSync, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileSum } from '../pod/tail.ts';

/** Evidence of one pod as it arrives, kept in the run's own folder. */
export interface Inbox {
  /** Bytes of each file that are here, by the pod's name for it. */
  have(): Record<string, number>;
  /** Throws when it does not follow what is here, or is no file of evidence. */
  take(piece: { file: string; at: number }, bytes: Uint8Array): void;
  /** What is not as the pod has it, or undefined. */
  difference(files: Readonly<Record<string, { bytes: number; sha256: string }>>): Promise<string | undefined>;
}

/** Names that a pod may write here, whoever speaks for it. */
const evidenceName = /^(?:arrivals|requests|capture)(?:-\d{1,4})?\.bin$/;

export function createInbox(dir: string): Inbox {
  const sizes: Record<string, number> = {};
  return {
    have: () => ({ ...sizes }),
    take({ file, at }, bytes) {
      if (!evidenceName.test(file)) throw new Error(`a pod sent a file that is no evidence: ${file}`);
      const size = sizes[file] ?? 0;
      if (at !== size) throw new Error(`${file} goes on at ${at}, and ${size} bytes are here`);
      appendFileSync(join(dir, file), bytes);
      sizes[file] = size + bytes.length;
    },
    async difference(files) {
      for (const [file, { bytes, sha256 }] of Object.entries(files)) {
        if (!evidenceName.test(file)) return `${file} is no evidence`;
        const path = join(dir, file);
        if (!existsSync(path)) appendFileSync(path, ''); // nothing was written to it
        if (statSync(path).size !== bytes) return `${file} has ${statSync(path).size} of ${bytes} bytes`;
        if ((await fileSum(path)).sha256 !== sha256) return `${file} is not what the pod wrote`;
      }
      return undefined;
    },
  };
}
