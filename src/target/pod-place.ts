/** A pod that runs, and its container that serves. */
export interface PodPlace {
  namespace: string;
  pod: string;
  container: string;
  node: string;
}
