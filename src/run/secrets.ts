import { createReadStream } from 'node:fs';
import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isSecretKey, maskSecrets, secretsOfConfig } from '../base/mask.ts';
import { collectorsOf, type Scenario } from '../scenario/types.ts';

/**
 * The texts of the members' configurations by member, and the secrets in them: values of authorization-like keys, and
 * of the variables they are taken from. A file that cannot be read is left to the start of its member.
 */
export async function readMemberConfigs(
  scenario: Scenario,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ configs: Record<string, string>; secrets: string[] }> {
  const configs: Record<string, string> = {};
  const secrets: string[] = [];
  for (const [name, member] of Object.entries(collectorsOf(scenario.target))) {
    const own = Object.entries(member.env);
    secrets.push(...own.filter(([key]) => isSecretKey(key)).map(([, value]) => value));
    if (member.config === undefined) continue;
    const text = await readFile(member.config, 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    configs[name] = text;
    const found = secretsOfConfig(text);
    secrets.push(...found.values, ...found.variables.map((key) => member.env[key] ?? env[key] ?? ''));
  }
  return { configs, secrets: secrets.filter((secret) => secret !== '') };
}

/**
 * Masks what the processes of the run wrote to their logs. A log that cannot be written anew is removed, and its name
 * given: less evidence is better than a secret on the disk.
 */
export async function maskLogs(runDir: string, secrets: readonly string[]): Promise<string[]> {
  const dir = join(runDir, 'evidence', 'logs');
  const removed: string[] = [];
  for (const name of await readdir(dir)) {
    const file = join(dir, name);
    const part = `${file}.part`;
    try {
      await maskFile(file, part, secrets);
      await rename(part, file);
    } catch {
      await Promise.all([rm(file, { force: true }), rm(part, { force: true })]);
      removed.push(name);
    }
  }
  return removed;
}

const blockChars = 256 * 1024;

/** In blocks of whole lines, since a collector may log more than fits in memory. */
async function maskFile(from: string, to: string, secrets: readonly string[]): Promise<void> {
  await using out = await open(to, 'w', 0o600);
  let block = '';
  const flush = async () => {
    await out.writeFile(maskSecrets(block, secrets));
    block = '';
  };
  for await (const line of createInterface({ input: createReadStream(from), crlfDelay: Infinity })) {
    block += `${line}\n`;
    if (block.length > blockChars) await flush();
  }
  await flush();
}
