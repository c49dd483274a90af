import { type ErrorParts, SquallError } from '../base/errors.ts';
import { parseDuration } from '../base/units.ts';
import type { Console, GlobalFlags } from './console.ts';
import { bundledScenario } from './read-scenario.ts';
import { commandName, repeatFlags, runAs } from './run.ts';

/** Fields of the entry in scenarios/load.yaml that have a flag of their own. */
const fields = ['signal', 'rate', 'duration', 'protocol', 'batch'] as const;
const addresses = ['grpc', 'http'] as const;
/** The port that OTLP gives to HTTP. */
const defaultHttp = '127.0.0.1:4318';

/**
 * `squall load`: a load alone, against an endpoint that is there already; passes if that endpoint takes all of it. It is a
 * run of scenarios/load.yaml with these flags in it, and ends as a run does.
 */
export async function loadCommand(console: Console, flags: GlobalFlags): Promise<number> {
  checkAddress(flags);
  const given = [...addresses, ...fields].filter((name) => flags[name] !== undefined);
  const words = given.map((name) => `--${name} ${quoted(flags[name] ?? '')}`);
  const again = [commandName(), 'load', ...words, ...repeatFlags(flags)].join(' ');
  const set = [...setsOf(flags), ...(flags.set ?? [])];
  try {
    return await runAs(console, { ...flags, set }, { path: bundledScenario('load'), again, demo: false });
  } catch (error) {
    if (!(error instanceof SquallError)) throw error;
    const [parts, ...others] = [error.parts, ...error.others].map((one) => inFlags(one, flags));
    throw parts === undefined ? error : new SquallError(parts, { cause: error, others });
  }
}

/** A mistake of the scenario, told of the flag that made it. */
export function inFlags(parts: ErrorParts, flags: GlobalFlags): ErrorParts {
  if (parts.code === 'SQ-LIMITS-MISSING')
    return { ...parts, where: 'squall load', next: 'give both --rate and --duration' };
  const address = addresses.find((name) => flags[name] !== undefined);
  const paths = [
    ...fields.filter((name) => flags[name] !== undefined).map((name) => [`load.items.${name}`, name]),
    ...(address === undefined ? [] : [[`target.external.otlp.${address}`, address]]),
    ...(address === undefined ? [] : [['target.external.otlp', address]]),
  ];
  const told = (text: string) =>
    paths.reduce(
      (so, [path = '', name]) => so.replaceAll(`--set ${path}`, path).replaceAll(path, `--${name}`),
      text,
    );
  const { what, where, next } = parts;
  return {
    ...parts,
    what: told(what),
    next: told(next),
    ...(where === undefined ? {} : { where: told(where) }),
  };
}

/** The flags as --set has them; those that --set itself gives come later and so count. */
export function setsOf(flags: GlobalFlags): string[] {
  const set = (path: string, value: unknown) => `${path}=${JSON.stringify(value)}`;
  const { grpc, protocol = '' } = flags;
  const http = flags.http ?? (protocol.startsWith('http/') ? defaultHttp : undefined);
  const sets: string[] = [];
  if (grpc !== undefined) sets.push(set('target.external.otlp', { grpc }));
  if (http !== undefined)
    sets.push(set('target.external.otlp', { http }), set('load.items.protocol', 'http/protobuf'));
  for (const name of fields) {
    const text = flags[name];
    if (text !== undefined) sets.push(`load.items.${name}=${text}`);
  }
  return [...sets, ...limitsOf(flags).map(([name, value]) => set(`limits.${name}`, value))];
}

/** Who writes both rate and duration down has said what an endpoint elsewhere may be sent. */
function limitsOf({ rate, duration }: GlobalFlags): [string, number][] {
  const [itemsPerS, forMs] = [Number(rate), parseDuration(duration ?? '')];
  if (!Number.isFinite(itemsPerS) || forMs === undefined) return [];
  return [
    ['itemsPerS', itemsPerS],
    ['items', Math.ceil((itemsPerS * forMs) / 1000)],
  ];
}

function quoted(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Throws SQ-USAGE unless there is one address at most, and of the protocol that is asked for. */
function checkAddress({ grpc, http, protocol = '' }: GlobalFlags): void {
  const wrong = protocol === 'grpc' ? http : protocol.startsWith('http/') ? grpc : undefined;
  if (wrong === undefined && (grpc === undefined || http === undefined)) return;
  throw new SquallError({
    code: 'SQ-USAGE',
    what: 'a load goes to one endpoint, in one protocol',
    where: 'squall load',
    expected: '--grpc HOST:PORT, or --http HOST:PORT with http/protobuf or http/json',
    found: wrong === undefined ? 'both' : `${protocol} to ${wrong}`,
    next: 'squall load --help',
  });
}
