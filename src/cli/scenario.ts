import { readFileSync, writeFileSync } from 'node:fs';
import { SquallError } from '../base/errors.ts';
import { fileError } from '../base/file-error.ts';
import { maskDeep, maskSecrets } from '../base/mask.ts';
import { compilePlan } from '../plan/compile.ts';
import { printPlan } from '../plan/print.ts';
import { faults } from '../registry.ts';
import { planningMachine } from '../run/ceilings-file.ts';
import { planFacts } from '../run/plan-facts.ts';
import { explain, explainTopics } from '../scenario/explain.ts';
import { initScenario } from '../scenario/init.ts';
import { scenarioJsonSchema } from '../scenario/json-schema.ts';
import type { Console, GlobalFlags } from './console.ts';
import { readScenario } from './read-scenario.ts';

/** `squall validate`: exit 0, or 3 with every mistake. */
export async function validateCommand(console: Console, flags: GlobalFlags, args: string[]): Promise<number> {
  const { scenario } = await readScenario(flags, args[0]);
  if (flags.json === true) console.print(JSON.stringify({ valid: true, name: scenario.name }));
  else console.say(`${scenario.name}: valid`);
  return 0;
}

/** `squall plan`: what would happen; changes nothing. */
export async function planCommand(console: Console, flags: GlobalFlags, args: string[]): Promise<number> {
  const { scenario, secrets, runId, seed } = await readScenario(flags, args[0]);
  const workers = await planningMachine(scenario.target);
  const plan = compilePlan(scenario, { runId, seed, epochNs: '0', ...workers });
  const facts = await planFacts(plan, scenario);
  if (flags.json === true) console.print(JSON.stringify(maskDeep({ plan, facts }, secrets)));
  else console.print(maskSecrets(printPlan(plan, scenario, facts), secrets));
  return 0;
}

export async function schemaCommand(console: Console): Promise<number> {
  console.print(JSON.stringify(scenarioJsonSchema(faults), null, 2));
  return 0;
}

export async function explainCommand(console: Console, _flags: GlobalFlags, args: string[]): Promise<number> {
  const topic = explainTopics.find((known) => known === args[0]);
  if (topic === undefined) {
    throw new SquallError({
      code: 'SQ-USAGE',
      what: 'there is nothing to explain under this word',
      expected: explainTopics.join(', '),
      found: args[0] ?? 'nothing',
      next: 'squall explain fault',
    });
  }
  console.print(explain(topic, args[1], { faults }));
  return 0;
}

/** `squall init`: writes a scenario file; never over an existing one. */
export async function initCommand(console: Console, flags: GlobalFlags): Promise<number> {
  const to = flags.to ?? 'scenario.yaml';
  const from = flags.from;
  const text = initScenario(from === undefined ? undefined : readText(from), from ?? to);
  try {
    writeFileSync(to, text, { flag: 'wx' });
  } catch (cause) {
    const what = 'the scenario cannot be written';
    throw fileError(
      { code: 'SQ-OUT-UNWRITABLE', what, where: to, next: 'squall init --to other.yaml' },
      cause,
    );
  }
  console.say(`wrote ${to}; next: squall plan ${to}`);
  return 0;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const what = 'the file cannot be read';
    throw fileError({ code: 'SQ-SCENARIO-UNREADABLE', what, where: file, next: `ls -l ${file}` }, cause);
  }
}
