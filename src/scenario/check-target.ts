import { existsSync } from 'node:fs';
import { checkKubernetes } from './check-kubernetes.ts';
import { approximateItems, type Draft, peakPerS } from './draft.ts';
import { wrongWord } from './issues.ts';
import type { Mistake, Path } from './mistakes.ts';
import { rulesOf, startsPrometheus } from './own-prometheus.ts';
import { isLocal, targetKinds } from './target-schema.ts';
import { collectorsOf, type OtlpSpec, type TargetSpec, type TlsSpec } from './types.ts';

/** `named`: the kinds that the target block names. */
export function checkTarget(draft: Draft, named: readonly string[]): Mistake[] {
  const known = named.filter((kind) => (targetKinds as readonly string[]).includes(kind));
  if (known.length > 1 || (named.length === 0 && draft.target === undefined)) {
    return [
      {
        path: ['target'],
        at: 'key',
        what: named.length === 0 ? 'there is no target' : 'the target is of two kinds',
        expected: `one of ${targetKinds.join(', ')}`,
        found: named.length === 0 ? 'nothing' : named.join(', '),
        next: named.length === 0 ? 'add target: {local: {members: {collector: {}}}}' : 'keep one of them',
      },
    ];
  }
  const { target } = draft;
  if (target === undefined) return [];
  const idle = rulesOf(target) !== undefined && !startsPrometheus(target);
  const files = fileKeys(target).filter(({ file }) => !existsSync(file));
  return [
    ...files.map(({ path, file, tool }) => ({
      ...missingFile(path, file),
      ...(tool === true ? { code: 'SQ-TOOL-MISSING' as const } : {}),
    })),
    ...(target.kind === 'local' || target.kind === 'docker' || target.kind === 'kind'
      ? checkMembers(target)
      : []),
    ...(target.kind === 'kubernetes' ? checkCluster(target, draft) : []),
    ...(target.kind === 'external' ? checkExternal(target, draft) : []),
    ...(idle ? [idleRules(target)] : []),
  ];
}

function idleRules({ kind, prometheus }: TargetSpec): Mistake {
  const there = prometheus !== undefined;
  return {
    path: ['target', kind, 'rules'],
    what: there ? 'a Prometheus that is there already has rules of its own' : 'no Prometheus takes the rules',
    expected: 'rules only where squall starts the Prometheus',
    found: there ? 'rules beside prometheus' : 'rules without prometheus: own',
    next: there ? 'remove one of them' : `write prometheus: own, or remove rules`,
  };
}

export function missingFile(path: Path, file: string): Mistake {
  return {
    path,
    what: 'there is no such file',
    expected: 'a file; relative paths start at the file that names them',
    found: file,
    next: 'correct the path',
  };
}

/** What is sent to a cluster leaves this machine as a rule, so it needs limits like other endpoints. */
function checkCluster(target: TargetSpec & { kind: 'kubernetes' }, draft: Draft): Mistake[] {
  const outside = { path: ['target', 'kubernetes'], endpoint: `the cluster ${target.context}` };
  return [...checkMembers(target), ...checkKubernetes(target, draft), ...checkLimits(draft, outside)];
}

type WithMembers = TargetSpec & { kind: 'local' | 'docker' | 'kind' | 'kubernetes' };

function checkMembers({ kind, members }: WithMembers): Mistake[] {
  const names = Object.keys(members);
  const base = ['target', kind, 'members'];
  if (names.length === 0) {
    return [
      {
        path: base,
        at: 'key',
        what: 'the target has no member',
        next: 'add a member, such as collector: {}',
      },
    ];
  }
  const wrong = names.flatMap((name): Mistake[] => {
    const to = members[name]?.sendsTo;
    if (to === undefined || Object.hasOwn(members, to)) return [];
    return [
      wrongWord([...base, name, 'sendsTo'], {
        what: `${name} sends to a member that is not there`,
        word: to,
        words: names,
      }),
    ];
  });
  if (wrong.length > 0) return wrong;
  const loop = names.map((name) => cycle(members, name)).find((path) => path !== undefined);
  if (loop === undefined) return [];
  return [
    {
      path: [...base, loop[0] ?? '', 'sendsTo'],
      what: 'the members send in a circle',
      expected: 'a last member without sendsTo, which sends to the sink',
      found: loop.join(' -> '),
      next: `remove sendsTo from the last member of the chain`,
    },
  ];
}

/** The way from `start` back to itself along sendsTo. */
function cycle(members: Record<string, { sendsTo?: string }>, start: string): string[] | undefined {
  const way = [start];
  let at = members[start]?.sendsTo;
  while (at !== undefined && !way.includes(at)) {
    way.push(at);
    at = members[at]?.sendsTo;
  }
  return at === start ? [...way, start] : undefined;
}

function checkExternal(target: TargetSpec & { kind: 'external' }, draft: Draft): Mistake[] {
  const path = ['target', 'external', 'otlp'];
  const mistakes: Mistake[] = [];
  const { grpc, http } = target.otlp;
  for (const { name, path: at, spec } of draft.load) {
    if (spec === undefined) continue;
    const key = spec.protocol === 'grpc' ? 'grpc' : 'http';
    if (target.otlp[key] !== undefined || !draft.targetWhole) continue;
    mistakes.push({
      path: [...at, 'protocol'],
      what: `${name} speaks ${spec.protocol} and the target has no ${key} endpoint`,
      expected:
        grpc === undefined && http === undefined ? 'an endpoint' : grpc === undefined ? 'http/...' : 'grpc',
      found: spec.protocol,
      next: `add ${key} to target.external.otlp`,
    });
  }
  const outside = [grpc, http].find((endpoint) => endpoint !== undefined && !isLocal(endpoint));
  if (outside === undefined && draft.limits === undefined) return mistakes;
  return [...mistakes, ...checkLimits(draft, { path, endpoint: outside ?? '' })];
}

/** Of rates that were divided by their time unit and multiplied again. */
const rounding = 1e-9;

function checkLimits(draft: Draft, outside: { path: Path; endpoint: string }): Mistake[] {
  const { limits } = draft;
  if (limits === 'wrong') return [];
  if (limits === undefined) {
    return [
      {
        code: 'SQ-LIMITS-MISSING',
        path: outside.path,
        at: 'key',
        what: 'the endpoint is not on this machine and the scenario has no limits',
        expected: 'limits: {itemsPerS, items}',
        found: outside.endpoint,
        next: 'add limits with what this endpoint may be sent',
      },
    ];
  }
  const specs = draft.load.flatMap(({ spec }) => (spec === undefined ? [] : [spec]));
  const items = specs.reduce((sum, spec) => sum + approximateItems(spec), 0);
  const perS = specs.reduce((sum, spec) => sum + peakPerS(spec), 0);
  const over = (key: 'items' | 'itemsPerS', found: number): Mistake[] => {
    if (found <= limits[key] * (1 + rounding)) return [];
    const next = 'lower the load, or raise the limit if that is meant';
    const expected = `at most ${limits[key]}`;
    return [
      { path: ['limits', key], what: 'the load is above its limit', expected, found: String(found), next },
    ];
  };
  return [...over('items', items), ...over('itemsPerS', perS)];
}

interface FileKey {
  path: Path;
  file: string;
  secret: boolean;
  /** A program: that it is missing is no mistake of the scenario, which may be right elsewhere. */
  tool?: true;
}

/** Every file that the target names, with the place of its name. */
export function fileKeys(target: TargetSpec): FileKey[] {
  const out: FileKey[] = [];
  const add = (path: Path, file: string | undefined, secret = false) => {
    if (file !== undefined) out.push({ path, file, secret });
  };
  const addTool = (path: Path, program: string | undefined) => {
    if (program?.includes('/') === true) out.push({ path, file: program, secret: false, tool: true });
  };
  const addTls = (path: Path, tls: TlsSpec | undefined) => {
    add([...path, 'tls', 'caFile'], tls?.caFile, true);
    add([...path, 'tls', 'certFile'], tls?.certFile, true);
    add([...path, 'tls', 'keyFile'], tls?.keyFile, true);
  };
  const addClient = (path: Path, client: Pick<OtlpSpec, 'bearerTokenFile' | 'tls'> | undefined) => {
    add([...path, 'bearerTokenFile'], client?.bearerTokenFile, true);
    addTls(path, client?.tls);
  };
  const base = ['target', target.kind];
  for (const [name, member] of Object.entries(collectorsOf(target)))
    add([...base, 'members', name, 'config'], member.config);
  if (target.kind === 'local') {
    addTool([...base, 'collector'], target.collector);
    for (const [name, member] of Object.entries(target.members))
      addTool([...base, 'members', name, 'binary'], member.binary);
  }
  if (target.kind === 'kind') add([...base, 'cluster'], target.cluster);
  if (target.kind === 'external') addClient([...base, 'otlp'], target.otlp);
  if (target.kind === 'kubernetes') {
    add([...base, 'kubeconfig'], target.kubeconfig);
    for (const [name, { otlp }] of Object.entries(target.members))
      if (otlp !== undefined && !('service' in otlp)) addClient([...base, 'members', name, 'otlp'], otlp);
  }
  add([...base, 'rules'], rulesOf(target));
  addClient([...base, 'prometheus'], target.prometheus);
  if (target.sink !== 'none') addTls([...base, 'sink'], target.sink.tls);
  return out;
}
