import type { DockerMemberSpec } from './types.ts';

/** A cluster made for the run; then as kubernetes. */
export interface KindTarget {
  kind: 'kind';
  members: Record<string, DockerMemberSpec>;
  /** Of members without an image of their own. */
  image: string;
  /** Undefined: the one that this version of kind is built for. */
  nodeImage?: string;
  /** Absolute path of a configuration of kind itself. */
  cluster?: string;
  /** squall starts a Prometheus on this machine, which asks the pods through the API server. */
  ownPrometheus?: true;
  rules?: string;
}

/** Whose faults a target can do. */
export function platformOf(kind: string): string {
  return kind === 'kind' ? 'kubernetes' : kind;
}
