import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Volumes and folders are removed by the holders of the members (target/holder-script.ts), and by nobody else as long
 * as these live. What stands here is for the run whose holders were killed as well.
 */

/** Mounts in the run's work folder, the deepest first. */
export function mountsOf(runDir: string): string[] {
  const below = `${workOf(runDir)}/`;
  return readText('/proc/self/mounts')
    .split('\n')
    .map((line) => unescapeMount(line.split(' ')[1] ?? ''))
    .filter((point) => point.startsWith(below))
    .toReversed();
}

/** Unmounts and removes the work folder. Throws when a volume cannot be unmounted: nothing in it is then touched. */
export function removeWork(runDir: string): void {
  for (const point of mountsOf(runDir)) execFileSync('umount', ['--', point], { stdio: 'pipe' });
  rmSync(workOf(runDir), { recursive: true, force: true });
}

export function workRemains(runDir: string): string | undefined {
  const mounts = mountsOf(runDir);
  if (mounts.length > 0) return `${mounts.join(', ')} is mounted`;
  return existsSync(workOf(runDir)) ? `${workOf(runDir)} exists` : undefined;
}

/** Control groups of a run that are still there. Another run's, whose id only begins alike, has other prefixes. */
export function controlGroupsOf(of: { parents: readonly string[]; prefixes: readonly string[] }): string[] {
  const isOurs = (name: string) =>
    of.prefixes.some(
      (prefix) => name.startsWith(`${prefix}-`) && /^\d+-\d+$/.test(name.slice(prefix.length + 1)),
    );
  return of.parents.filter(existsSync).flatMap((parent) =>
    readdirSync(parent)
      .filter(isOurs)
      .map((name) => join(parent, name)),
  );
}

/** Throws while a process is in one of them. */
export function removeControlGroups(of: {
  parents: readonly string[];
  prefixes: readonly string[];
}): string[] {
  const folders = controlGroupsOf(of);
  for (const folder of folders) {
    // Its holder may remove it at the same moment.
    if (existsSync(folder)) rmdirSync(folder);
  }
  return folders;
}

function workOf(runDir: string): string {
  return join(runDir, 'work');
}

/** Spaces and the like stand as octal escapes in /proc/mounts. */
function unescapeMount(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

/** Empty where there is no /proc. */
function readText(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
