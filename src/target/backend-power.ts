import type { ObjectPower } from './target.ts';

/** A real backend behind the collectors, beside the sink. */
export interface BackendPower {
  /** By which they reach it. */
  service?: ServicePower;
  /** Rejects when no collector answers. */
  exporter?(): Promise<ExporterState>;
  /** The JSON that its query API answers to GET PATH; rejects when it does not answer, or with no success. */
  ask?(path: string): Promise<unknown>;
}

export interface ServicePower {
  object: ObjectPower;
  /** Those behind it that are ready. */
  endpoints(): Promise<number>;
}

/** What the collectors' exporter to a backend says of itself, over all of them. */
export interface ExporterState {
  name: string;
  /** Items that a backend took, since each collector started. */
  sent: number;
  /** In its queues, in their own unit. */
  waiting: number;
}
