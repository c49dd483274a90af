import type { Path } from './mistakes.ts';

const inFlight = 'remove it and set maxInFlight: the load is open loop and has no virtual users';
const noScript = 'remove it: squall sends items itself and runs no script';

const noTarget = 'use local, docker, kind, kubernetes, external or embedded: this version has no such target';

/** What to do about words that people bring along from other tools, by the block they stand in. */
const blocks: Record<string, Record<string, string>> = {
  load: {
    vus: inFlight,
    maxVUs: inFlight,
    startVUs: inFlight,
    preAllocatedVUs: inFlight,
    gracefulRampDown: inFlight,
    'constant-vus':
      'use shared-iterations or constant-arrival-rate with maxInFlight: there are no virtual users',
    'ramping-vus': 'use ramping-arrival-rate with maxInFlight: there are no virtual users',
    'per-vu-iterations': 'use shared-iterations with maxInFlight: there are no virtual users',
    exec: noScript,
    env: noScript,
    options: noScript,
    gracefulStop: 'remove it and set settle: load ends by the clock, settle waits for the items under way',
  },
  target: {
    compose: noTarget,
    minikube: noTarget,
    endpoint: 'write otlp: {grpc: HOST:PORT}',
  },
  thresholds: { thresholds: 'move it into an entry of slos' },
  scenarios: { scenarios: 'write load' },
  phases: { phases: 'write load, with stages' },
};

/** `path`: where the word stands, as key or value. */
export function advice(path: Path, word: unknown): string | undefined {
  const block = blocks[String(path[0])];
  return typeof word === 'string' && block !== undefined && Object.hasOwn(block, word)
    ? block[word]
    : undefined;
}

/** Another way to write a value that is nearly right: a duration without its unit, a rate in mbps. */
export function betterText(expected: string | undefined, raw: unknown): string | undefined {
  if (typeof raw !== 'string' && typeof raw !== 'number') return undefined;
  const found = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(String(raw));
  const [, digits, unit = ''] = found ?? [];
  if (digits === undefined || expected === undefined) return undefined;
  if (expected.startsWith('a duration') && Number(digits) > 0) {
    const short = durationWords.find(([word]) => word.test(unit.toLowerCase()))?.[1];
    return short === undefined ? undefined : `write ${digits}${short}`;
  }
  if (expected.includes('mbit') && /^[kmg]?b?ps$|^[kmg]b$/i.test(unit)) {
    const prefix = /^[kmg]/i.exec(unit)?.[0].toLowerCase() ?? '';
    return `write ${digits}${prefix}bit or ${digits}${prefix}byte`;
  }
  return undefined;
}

const durationWords: [RegExp, string][] = [
  [/^$|^sec(ond)?s?$/, 's'],
  [/^milli(second)?s?$|^msecs?$/, 'ms'],
  [/^min(ute)?s?$/, 'm'],
  [/^hours?$|^hrs?$/, 'h'],
  [/^days?$/, 'd'],
];
