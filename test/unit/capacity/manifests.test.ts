import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { headroomOf } from '../../../src/capacity/day.ts';
import { cpuTargetFor, manifestsFor } from '../../../src/capacity/manifests.ts';

test('the CPU target leaves the safety factor, the tolerance of 0.1 included', () => {
  const target = cpuTargetFor({ safetyFactor: 1.5, cpuAtCapacity: 1 });
  expect(target).toBe(60);
  expect(headroomOf({ target: target / 100, tolerance: 0.1 })).toBeGreaterThanOrEqual(1.5);
  expect(headroomOf({ target: (target + 1) / 100, tolerance: 0.1 })).toBeLessThan(1.5);
});

test('three documents that a cluster takes, with the numbers of the sizing', () => {
  const text = manifestsFor({
    workload: 'gateway',
    replicas: 8,
    tolerateLoss: 1,
    safetyFactor: 1.5,
    cpuAtCapacity: 1,
    cpuMillis: 500,
    memoryBytes: 2 ** 30,
  });
  const [hpa, pdb, patch] = parseAllDocuments(text).map((document) => document.toJS());
  expect(hpa).toMatchObject({
    kind: 'HorizontalPodAutoscaler',
    spec: {
      minReplicas: 3,
      maxReplicas: 10,
      metrics: [{ resource: { target: { averageUtilization: 60 } } }],
    },
  });
  expect(pdb).toMatchObject({ kind: 'PodDisruptionBudget', spec: { maxUnavailable: 1 } });
  expect(patch.spec.template.spec.containers[0].resources.limits).toEqual({ cpu: '500m', memory: '1024Mi' });
  expect(text).toContain('Acts above 66 % CPU');
});
