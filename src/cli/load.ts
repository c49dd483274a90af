import { type ErrorParts, SquallError } from '../base/errors.ts';
import { parseDuration } from '../base/units.ts';
import { isLocal } from '../scenario/target-schema.ts';
import { type Console, defaultOtlp, type GlobalFlags } from './console.ts';
import { bundledScenario } from './read-scenario.ts';
import { commandName, quoted, repeatFlags, runAs } from './run.ts';

/** Fields of the entry in scenarios/load.yaml that have a flag of their own. */
const fields = ['signal', 'rate', 'duration', 'protocol', 'batch'] as const;
/** Where a mistake is that no flag made by itself. */
const where = 'squall load';
const addresses = ['grpc', 'http'] as const;
type Flag = (typeof fields)[number] | (typeof addresses)[number];
/** An address is set whole, so that the file's own is gone. */
const otlpPath = 'target.external.otlp';

/**
 * `squall load`: a load alone, against an endpoint that is there already; passes if that endpoint takes all of it. It is a
 * run of scenarios/load.yaml with these flags in it, and ends as a run does.
 */
export async function loadCommand(console: Console, flags: GlobalFlags): Promise<number> {
  checkAddress(flags);
  const words = givenIn(flags).map((name) => `--${name} ${word(flags[name] ?? '')}`);
  const again = [commandName(), 'load', ...words, ...repeatFlags(flags)].join(' ');
  const set = [...setsOf(flags), ...(flags.set ?? [])];
  try {
    return await runAs(console, { ...flags, set }, { path: bundledScenario('load'), again, demo: false });
  } catch (error) {
    if (!(error instanceof SquallError)) throw error;
    const [parts, ...others] = inFlags([error.parts, ...error.others], flags);
    throw parts === undefined ? error : new SquallError(parts, { cause: error, others });
  }
}

/** Mistakes of the scenario, told of the flags that made them; what --set made stays as it is. */
export function inFlags(mistakes: readonly ErrorParts[], flags: GlobalFlags): ErrorParts[] {
  const own = givenIn(flags);
  const saysBoth = flags.rate !== undefined && flags.duration !== undefined;
  return mistakes.flatMap((parts) => {
    // That one of the two is no number, or no time, is a mistake of its own.
    if (parts.code === 'SQ-LIMITS-MISSING' && saysBoth && mistakes.length > 1) return [];
    if (parts.code === 'SQ-LIMITS-MISSING')
      return [{ ...parts, where, next: 'give both --rate and --duration' }];
    const name = own.find((one) => parts.where === `--set ${setPath(one)}`);
    if (name !== undefined && !isSet(flags, setPath(name))) return [inFlag(parts, name)];
    if (parts.where?.startsWith('--set limits.') !== true || isSet(flags, 'limits')) return [parts];
    return [{ ...parts, where, next: 'add --set limits.itemsPerS=N and --set limits.items=N' }];
  });
}

function givenIn(flags: GlobalFlags): Flag[] {
  return [...addresses, ...fields].filter((name) => flags[name] !== undefined);
}

function inFlag(parts: ErrorParts, name: Flag): ErrorParts {
  const path = setPath(name) === otlpPath ? `${otlpPath}.${name}` : setPath(name);
  const told = (text: string) => text.replaceAll(path, `--${name}`);
  return { ...parts, what: told(parts.what), where: `--${name}`, next: told(parts.next) };
}

/** Where the scenario has what the flag says. */
function setPath(name: Flag): string {
  return name === 'grpc' || name === 'http' ? otlpPath : `load.items.${name}`;
}

/** Whether --set says something of that part of the scenario. */
function isSet({ set = [] }: GlobalFlags, path: string): boolean {
  return set.some((one) => one.startsWith(`${path}=`) || one.startsWith(`${path}.`));
}

/** The flags as --set has them; those that --set itself gives come later and so count. */
export function setsOf(flags: GlobalFlags): string[] {
  const set = (path: string, value: unknown) => `${path}=${JSON.stringify(value)}`;
  const { grpc, protocol = '' } = flags;
  const http = flags.http ?? (protocol.startsWith('http/') ? defaultOtlp.http : undefined);
  const sets: string[] = [];
  if (grpc !== undefined) sets.push(set(otlpPath, { grpc }));
  if (http !== undefined) sets.push(set(otlpPath, { http }), set('load.items.protocol', 'http/protobuf'));
  for (const name of fields) {
    const text = flags[name];
    if (text !== undefined) sets.push(`load.items.${name}=${text}`);
  }
  return [...sets, ...limitsOf(flags).map(([name, value]) => set(`limits.${name}`, value))];
}

/** Who writes both rate and duration down has said what an endpoint elsewhere may be sent. */
function limitsOf({ grpc, http, rate, duration }: GlobalFlags): [string, number][] {
  const address = grpc ?? http;
  const [itemsPerS, forMs] = [Number(rate), parseDuration(duration ?? '')];
  if (address === undefined || isLocal(address) || !Number.isFinite(itemsPerS) || forMs === undefined)
    return [];
  return [
    ['itemsPerS', itemsPerS],
    ['items', Math.ceil((itemsPerS * forMs) / 1000)],
  ];
}

/** For a shell, as plainly as it can be written. */
function word(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : quoted(text);
}

/** Throws SQ-USAGE unless there is one address at most, and of the protocol that is asked for. */
function checkAddress({ grpc, http, protocol = '' }: GlobalFlags): void {
  const wrong = protocol === 'grpc' ? http : protocol.startsWith('http/') ? grpc : undefined;
  if (wrong === undefined && (grpc === undefined || http === undefined)) return;
  throw new SquallError({
    code: 'SQ-USAGE',
    what: 'a load goes to one endpoint, in one protocol',
    where,
    expected: '--grpc HOST:PORT, or --http HOST:PORT with http/protobuf or http/json',
    found: wrong === undefined ? 'both' : `${protocol} to ${wrong}`,
    next: 'squall load --help',
  });
}
