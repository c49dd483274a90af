const inFlight = 'remove it and set maxInFlight: the load is open loop and has no virtual users';
const noScript = 'remove it: squall sends items itself and runs no script';
const later = 'remove it: this version has no such block';

/** What to do about words that people bring along from other tools or that a bare number or unit leaves open. */
const words: Record<string, string> = {
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
  thresholds: 'move it into an entry of slos',
  scenarios: 'write load',
  phases: 'write load, with stages',
  endpoint: 'write otlp: {grpc: HOST:PORT}',
  capacity: later,
  compare: later,
  drill: later,
  docker: 'use local, external or embedded: this version has no such target',
  kind: 'use local, external or embedded: this version has no such target',
  kubernetes: 'use local, external or embedded: this version has no such target',
};

export function advice(word: unknown): string | undefined {
  if (typeof word === 'number') return undefined;
  return typeof word === 'string' && Object.hasOwn(words, word) ? words[word] : undefined;
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
