import { existsSync } from 'node:fs';
import { open, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { bytesField, ratioField } from '../base/fields.ts';
import type { Member } from '../target/target.ts';
import type { Fault, FaultContext } from './fault.ts';

const params = z.strictObject({
  size: bytesField().optional().describe('bytes to write; default: as much as percent says'),
  percent: ratioField().default(1).describe('share of the volume that is in use afterwards, such as 95%'),
});
type Params = z.infer<typeof params>;

const chunkBytes = 1024 * 1024;
/** Below one page a write can succeed in blocks that others hold already: called full. */
const pageBytes = 4096;

/** Fills the volume of a member's queue. Only a volume of its own: any other would fill something else too. */
export const diskFill: Fault<Params> = {
  kind: 'disk-fill',
  summary: "fills the volume that holds a member's queue, and frees it after the duration",
  params,
  oneShot: false,
  effectWithinMs: 15_000,
  needs: { targets: ['local', 'docker'], power: 'storage' },
  precondition: async (member) => {
    if (member.storage === undefined) return `${member.name} has no storage`;
    return member.storage.bounded ? undefined : `the storage of ${member.name} is no volume of its own`;
  },
  undo: async (member, _, context) => [{ kind: 'unlink', path: fillFile(member, context) }],
  inject: async (member, chosen, context) => {
    const { memory } = context;
    const dir = dirOf(member);
    const before = await spaceOf(dir);
    const goal = before.totalBytes * chosen.percent - (before.totalBytes - before.freeBytes);
    memory.set('wanted', chosen.size ?? Math.max(0, goal));
    memory.set('written', await fill(fillFile(member, context), chosen.size ?? goal));
  },
  effect: async (member, _, { memory }) => {
    const { freeBytes, totalBytes } = await spaceOf(dirOf(member));
    const written = Number(memory.get('written'));
    const full = freeBytes < pageBytes || written >= Number(memory.get('wanted')) - pageBytes;
    if (written === 0 || !full) return undefined;
    return `${written} bytes written, ${freeBytes} of ${totalBytes} bytes free`;
  },
  recover: async () => {
    // The undo removed the file.
  },
  absence: async (member, _, context) => {
    if (existsSync(fillFile(member, context))) return undefined;
    const { freeBytes, totalBytes } = await spaceOf(dirOf(member));
    return `${freeBytes} of ${totalBytes} bytes free`;
  },
};

function dirOf(member: Member): string {
  if (member.storage === undefined) throw new Error(`${member.name} has no storage`);
  return member.storage.dir;
}

function fillFile(member: Member, { runId, fault }: FaultContext): string {
  return join(dirOf(member), `squall-fill-${runId}-${fault}`);
}

async function spaceOf(dir: string): Promise<{ freeBytes: number; totalBytes: number }> {
  const { bavail, blocks, bsize } = await statfs(dir);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

/** Writes until `sizeBytes` stand or the volume is full; returns what was written. */
async function fill(file: string, sizeBytes: number): Promise<number> {
  const handle = await open(file, 'w', 0o600);
  const chunk = Buffer.alloc(chunkBytes, 0x5a);
  let written = 0;
  let step = chunkBytes;
  try {
    while (written < sizeBytes && step >= pageBytes) {
      try {
        written += (await handle.write(chunk, 0, Math.min(step, sizeBytes - written))).bytesWritten;
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
        step /= 2;
      }
    }
    await handle.sync().catch(() => {
      // A full volume may refuse; what was written counts.
    });
  } finally {
    await handle.close();
  }
  return written;
}
