import { backendOutage } from './fault/backend-outage.ts';
import { collectorReconfigure } from './fault/collector-reconfigure.ts';
import { connectionReset } from './fault/connection-reset.ts';
import { containerKill } from './fault/container-kill.ts';
import { containerPause } from './fault/container-pause.ts';
import { diskFill } from './fault/disk-fill.ts';
import type { Fault } from './fault/fault.ts';
import { networkBandwidth } from './fault/network-bandwidth.ts';
import { networkDelay } from './fault/network-delay.ts';
import { networkLoss } from './fault/network-loss.ts';
import { networkPartition } from './fault/network-partition.ts';
import { nodeCordon } from './fault/node-cordon.ts';
import { nodeDrain } from './fault/node-drain.ts';
import { podFailure } from './fault/pod-failure.ts';
import { podKill } from './fault/pod-kill.ts';
import { resourceLimit } from './fault/resource-limit.ts';
import { rollingRestart } from './fault/rolling-restart.ts';
import { scale } from './fault/scale.ts';
import { tlsExpiry } from './fault/tls-expiry.ts';

/** Every kind of fault. Adding one: a file in src/fault, a line here, a scenario that uses it. */
export const faults: Record<string, Fault> = {
  'container-kill': containerKill,
  'container-pause': containerPause,
  'pod-kill': podKill,
  'pod-failure': podFailure,
  scale,
  'rolling-restart': rollingRestart,
  'node-cordon': nodeCordon,
  'node-drain': nodeDrain,
  'backend-outage': backendOutage,
  'network-partition': networkPartition,
  'network-delay': networkDelay,
  'network-bandwidth': networkBandwidth,
  'network-loss': networkLoss,
  'connection-reset': connectionReset,
  'collector-reconfigure': collectorReconfigure,
  'disk-fill': diskFill,
  'resource-limit': resourceLimit,
  'tls-expiry': tlsExpiry,
};
