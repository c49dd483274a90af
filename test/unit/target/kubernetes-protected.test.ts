import { expect, test } from 'vitest';
import { protectedBy } from '../../../src/target/kubernetes-preflight.ts';
import { programLabel, runLabel } from '../../../src/target/kubernetes-record.ts';

test('what the run is judged by and what a cluster lives by is nobody to strike, by its usual labels', () => {
  expect(protectedBy({ 'app.kubernetes.io/name': 'prometheus' })).toBe('Prometheus');
  expect(protectedBy({ 'k8s-app': 'kube-dns' })).toBe("the cluster's DNS");
  expect(protectedBy({ app: 'coredns' })).toBe("the cluster's DNS");
  expect(protectedBy({ 'k8s-app': 'kube-proxy' })).toBe('a part of the cluster itself');
  expect(protectedBy({ component: 'kube-apiserver' })).toBe('a part of the cluster itself');
  expect(protectedBy({ [runLabel]: 'r', [programLabel]: 'sink' })).toBe("squall's own");
});

test('collectors may be struck, also those that were made for the run', () => {
  expect(protectedBy({ app: 'gateway' })).toBeUndefined();
  expect(protectedBy({ [runLabel]: 'r', 'app.kubernetes.io/name': 'collector' })).toBeUndefined();
  expect(protectedBy({})).toBeUndefined();
});
