import type { TargetSpec } from './types.ts';

/** Whether a run of this target starts a Prometheus of its own: in a cluster only where that is asked for. */
export function startsPrometheus(target: TargetSpec): boolean {
  switch (target.kind) {
    case 'kind':
    case 'kubernetes':
      return target.ownPrometheus === true;
    case 'local':
    case 'docker':
      return target.prometheus === undefined;
    default:
      return false;
  }
}

/** Absolute path of a rule file for the Prometheus that squall starts. */
export function rulesOf(target: TargetSpec): string | undefined {
  return 'rules' in target ? target.rules : undefined;
}
