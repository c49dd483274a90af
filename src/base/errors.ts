/**
 * Every error a user can meet. The code is stable; `exit` is the process's exit code when it ends the run.
 * `meaning` is what `squall explain code NAME` and the reference page print.
 */
export const errorCodes = {
  'SQ-USAGE': { exit: 3, meaning: 'a command or flag is not known or lacks its value' },
  'SQ-SCENARIO-UNREADABLE': { exit: 3, meaning: 'the scenario file cannot be read or is not YAML' },
  'SQ-SCENARIO-INVALID': { exit: 3, meaning: 'the scenario has mistakes; each is listed with its place' },
  'SQ-ENV-MISSING': { exit: 3, meaning: 'the scenario uses ${NAME} and the environment has no NAME' },
  'SQ-FAULT-UNSUPPORTED': { exit: 3, meaning: 'the target cannot do this kind of fault' },
  'SQ-FAULT-CLASH': { exit: 3, meaning: 'two faults act on one member at the same time' },
  'SQ-RUN-NOT-FOUND': { exit: 3, meaning: 'no run is recorded under this id or path' },
  'SQ-OUT-UNWRITABLE': {
    exit: 4,
    meaning: 'the output folder cannot be written (permission, or the disk is full)',
  },
  'SQ-TOOL-MISSING': {
    exit: 4,
    meaning: 'a tool that the run needs (collector, Prometheus) was found in no source',
  },
  'SQ-DOCKER-UNREACHABLE': {
    exit: 4,
    meaning: 'no Docker daemon answers, or its networks do not end on this machine',
  },
  'SQ-IMAGE-MISSING': { exit: 4, meaning: 'a container image is not here and cannot be pulled' },
  'SQ-CONTEXT-UNKNOWN': { exit: 3, meaning: 'the kubeconfig has no context of this name' },
  'SQ-CLUSTER-UNREACHABLE': {
    exit: 4,
    meaning: 'the API server does not answer, or does not know the account',
  },
  'SQ-NAMESPACE-CLOSED': {
    exit: 4,
    meaning: 'a namespace is not there, or not labelled squall.dev/chaos=allowed',
  },
  'SQ-RIGHT-MISSING': {
    exit: 4,
    meaning: 'the account lacks a right in the cluster; verb and object are named',
  },
  'SQ-CRD-MISSING': { exit: 4, meaning: 'a custom resource that a fault needs is not installed' },
  'SQ-PODS-MISSING': { exit: 4, meaning: 'a workload is not there or has no pod that is ready' },
  'SQ-BLAST-RADIUS': { exit: 3, meaning: 'faults would take more of a workload at once than it allows' },
  'SQ-MEMBER-PROTECTED': {
    exit: 3,
    meaning: 'a member is DNS, Prometheus, or a part of the cluster or squall',
  },
  'SQ-TARGET-START': { exit: 4, meaning: 'a member of the target did not start or ended at once' },
  'SQ-TARGET-UNREACHABLE': { exit: 4, meaning: 'no connection to the OTLP endpoint' },
  'SQ-TARGET-AUTH': {
    exit: 4,
    meaning: 'the OTLP endpoint refused the credentials (401, 403, UNAUTHENTICATED, PERMISSION_DENIED)',
  },
  'SQ-TARGET-TLS': { exit: 4, meaning: 'TLS to the OTLP endpoint failed' },
  'SQ-SINK-UNREACHABLE': { exit: 4, meaning: 'the canary was acknowledged and did not reach the sink' },
  'SQ-SINK-START': { exit: 4, meaning: 'the sink could not listen on its address' },
  'SQ-PORT-IN-USE': { exit: 4, meaning: 'a port the run needs is taken by another process' },
  'SQ-PROMETHEUS-UNREACHABLE': { exit: 4, meaning: 'Prometheus does not answer its API' },
  'SQ-PRECONDITION': { exit: 4, meaning: 'this machine lacks something a fault or limit needs' },
  'SQ-LIMITS-MISSING': { exit: 3, meaning: 'a non-loopback endpoint needs limits: {itemsPerS, items}' },
  'SQ-RECOVERY-INCOMPLETE': { exit: 5, meaning: 'a fault may still be in place' },
  'SQ-INTERRUPTED': { exit: 130, meaning: 'the run was interrupted or halted; everything was rolled back' },
  'SQ-INTERNAL': { exit: 4, meaning: 'a defect in squall; the message and stack are in the run folder' },
} as const satisfies Record<string, { exit: number; meaning: string }>;

export type ErrorCode = keyof typeof errorCodes;

/** The three parts of every message: what happened, where (with expected and found), and one command that helps. */
export interface ErrorParts {
  code: ErrorCode;
  what: string;
  where?: string;
  expected?: string;
  found?: string;
  next: string;
}

const exitOrder = [5, 130, 3, 4];

export class SquallError extends Error {
  readonly parts: ErrorParts;
  /** Further mistakes of the same call; a scenario reports all of its mistakes at once. */
  readonly others: readonly ErrorParts[];

  constructor(parts: ErrorParts, options?: { cause?: unknown; others?: readonly ErrorParts[] }) {
    super(`${parts.code} ${parts.what}`, options?.cause === undefined ? {} : { cause: options.cause });
    this.name = 'SquallError';
    this.parts = parts;
    this.others = options?.others ?? [];
  }

  /** Of several the one that comes first in the order of the contract. */
  get exitCode(): number {
    const exits: number[] = [this.parts, ...this.others].map(({ code }) => errorCodes[code].exit);
    return exitOrder.find((exit) => exits.includes(exit)) ?? exits[0] ?? 4;
  }
}

/** One error as people read it: what, where, do; one line each. */
export function formatError(parts: ErrorParts): string {
  const lines = [`${parts.code} ${parts.what}`];
  const place = [
    parts.where,
    parts.expected === undefined ? undefined : `expected ${parts.expected}`,
    parts.found === undefined ? undefined : `found ${parts.found}`,
  ].filter((part) => part !== undefined);
  if (place.length > 0) lines.push(`  where  ${place.join('; ')}`);
  lines.push(`  do     ${parts.next}`);
  return lines.join('\n');
}
