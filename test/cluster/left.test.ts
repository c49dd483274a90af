import { test } from 'vitest';
import { noCluster } from '../fixtures/cluster.ts';
import { expectNoneLabelled } from '../fixtures/labelled.ts';

// Last where files run side by side; one after the other each test is followed by the same look.
test.skipIf(noCluster !== undefined)(
  `nothing of any run is left in the cluster, whatever namespace (${noCluster ?? 'there is one'})`,
  expectNoneLabelled,
);
