import type { PageItems } from './collector-page.ts';

/** How a pod stands at one look. */
export interface PodSight {
  /** NAMESPACE/NAME */
  id: string;
  uid: string;
  node: string;
  /** Asked to end, and how long it may take for that. */
  ending: boolean;
  graceS?: number;
  /** What its collector says of itself; undefined: it did not answer. */
  items?: PageItems;
}
