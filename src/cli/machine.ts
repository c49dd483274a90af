import { resolve } from 'node:path';
import { abandonedRuns } from '../fault/abandoned.ts';
import { rightsTable } from '../fault/rights.ts';
import type { Ceiling } from '../plan/ceiling.ts';
import { faults } from '../registry.ts';
import { measureCeilings } from '../run/calibrate.ts';
import { storeCeilings } from '../run/ceilings-file.ts';
import { recoverCommand } from '../target/kubernetes-guard.ts';
import { type Finding, formatDoctor, inspectMachine } from '../tools/doctor.ts';
import { defaultCacheDir } from '../tools/present.ts';
import { setUpTools } from '../tools/setup.ts';
import type { Console, GlobalFlags } from './console.ts';

const guardLine =
  'What (a) and (b) change is put back by a guard in the cluster, should this machine be lost, where k8s/squall/guard.yaml is applied;\n' +
  `elsewhere it stays until ${recoverCommand({ context: 'CONTEXT', namespace: 'NAMESPACE' })}`;

/**
 * `squall doctor`: what this machine can do for squall, with what follows; always exit 0, as it only looks. With --bench
 * it also measures, for 20 seconds, what load and sink reach here.
 */
export async function doctorCommand(console: Console, flags: GlobalFlags): Promise<number> {
  const outDir = resolve(flags.out ?? 'reports');
  const machine = await inspectMachine({ env: process.env, cacheDir: defaultCacheDir(process.env), outDir });
  const findings = [...machine, deadRuns()];
  const json = flags.json === true;
  const text = `${formatDoctor(findings)}\n\nWhat faults in a cluster need, beyond a run without them:\n${rightsTable(faults)}\n${guardLine}`;
  if (flags.bench !== true) {
    console.print(json ? JSON.stringify(findings) : text);
    return 0;
  }
  if (!json) console.print(`${text}\n\nFrom load to sink on loopback, nothing between them:`);
  const ceilings = await measureCeilings((ceiling) => {
    if (!json) console.print(formatCeiling(ceiling));
  });
  const file = await storeCeilings(defaultCacheDir(process.env), ceilings);
  console.print(
    json ? JSON.stringify({ findings, ceilings }) : `kept in ${file}; squall plan compares with it`,
  );
  return 0;
}

function deadRuns(): Finding {
  const dead = abandonedRuns().map(({ runId }) => runId);
  return {
    name: 'dead runs',
    value: dead.length === 0 ? 'none' : dead.join(', '),
    state: dead.length === 0 ? 'ok' : 'less',
    follows:
      dead.length === 0
        ? 'no run was killed together with its guards'
        : 'the next squall run, or squall recover --all, undoes what they left',
  };
}

function formatCeiling({ protocol, batch, itemsPerS }: Ceiling): string {
  const perS = Math.round(itemsPerS).toLocaleString('en-US');
  return `  ${protocol.padEnd(14)} ${String(batch).padStart(4)} a batch  ${perS.padStart(10)} spans/s`;
}

/** `squall setup`: the collector and Prometheus, from wherever they can be had. */
export async function setupCommand(console: Console, flags: GlobalFlags): Promise<number> {
  const say = (line: string) => console.say(line);
  const tools = await setUpTools({ env: process.env, cacheDir: defaultCacheDir(process.env), say });
  if (flags.json === true) console.print(JSON.stringify(tools));
  return 0;
}
