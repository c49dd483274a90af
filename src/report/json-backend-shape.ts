import type { LostInterval } from '../observe/ledger-types.ts';
import type { BackendOutage, BackendReport, WitnessReport } from './backend-types.ts';
import type { Keys } from './json-shape.ts';

const no = undefined;

export const lostInterval: Keys<LostInterval> = {
  load: no,
  worker: no,
  from: no,
  to: no,
  count: no,
  dueFromS: no,
  dueToS: no,
  fault: no,
  orFaults: no,
  ambiguous: no,
};

const witness: Keys<WitnessReport> = {
  api: no,
  reason: no,
  acknowledged: no,
  found: no,
  missing: no,
  recovered: no,
  missingIntervals: { each: { keys: lostInterval } },
};
const backendOutage: Keys<BackendOutage> = {
  fault: no,
  coupled: no,
  reason: no,
  due: no,
  refused: no,
  unknown: no,
  missed: no,
  lost: no,
  duplicated: no,
  retried: no,
  held: no,
  ackP95Ms: { keys: { before: no, during: no } },
};
export const backend: Keys<BackendReport> = {
  name: no,
  witness: { keys: witness },
  outages: { each: { keys: backendOutage } },
};
