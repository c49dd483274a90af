import { resolve } from 'node:path';
import { formatDoctor, inspectMachine } from '../tools/doctor.ts';
import { defaultCacheDir } from '../tools/present.ts';
import { setUpTools } from '../tools/setup.ts';
import type { Console, GlobalFlags } from './console.ts';

/** `squall doctor`: what this machine can do for squall, with what follows; always exit 0, as it only looks. */
export async function doctorCommand(console: Console, flags: GlobalFlags): Promise<number> {
  const outDir = resolve(flags.out ?? 'reports');
  const findings = await inspectMachine({ env: process.env, cacheDir: defaultCacheDir(process.env), outDir });
  console.print(flags.json === true ? JSON.stringify(findings) : formatDoctor(findings));
  return 0;
}

/** `squall setup`: the collector and Prometheus, from wherever they can be had. */
export async function setupCommand(console: Console, flags: GlobalFlags): Promise<number> {
  const say = (line: string) => console.say(line);
  const tools = await setUpTools({ env: process.env, cacheDir: defaultCacheDir(process.env), say });
  if (flags.json === true) console.print(JSON.stringify(tools));
  return 0;
}
