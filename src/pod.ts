#!/usr/bin/env node
/**
 * The command of squall's image: one program of a pod, told what to do by the runner. Its modules import nothing but
 * Node, so that the image needs no packages.
 */
const programs: Record<string, () => Promise<{ main(): Promise<void> }>> = {
  agent: () => import('./agent/main.ts'),
  'dead-man': () => import('./agent/dead-man.ts'),
  guard: () => import('./pod/guard.ts'),
  load: () => import('./pod/load.ts'),
  sink: () => import('./pod/sink.ts'),
};

const [name = ''] = process.argv.slice(2);
const program = programs[name];
if (program === undefined) {
  process.stderr.write(`SQ-USAGE expected one of ${Object.keys(programs).join(', ')}\n`);
  process.exit(3);
}
await (await program()).main();
