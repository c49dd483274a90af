import { expect, test } from 'vitest';
import { sinkListens, sinkReached, watchHost } from '../../../src/run/docker-site.ts';
import type { Session } from '../../../src/run/session.ts';

/** A session as far as these functions read it: its networks, its sink, and what the scenario says of it. */
function session(parts: { networks: boolean; advertise?: string; bound?: string }): Session {
  const gateways: Record<string, string> = { sink: '172.30.0.17', watch: '172.30.0.9' };
  const network = (name: string) => ({ id: name, gateway: gateways[name] ?? '', take: () => '' });
  const { advertise, bound = '172.30.0.17' } = parts;
  const sink = {
    grpc: '127.0.0.1:0',
    http: '127.0.0.1:0',
    ...(advertise === undefined ? {} : { advertise }),
  };
  return {
    scenario: { target: { kind: 'docker', sink } },
    sink: { grpc: `${bound}:4001`, http: `${bound}:4002` },
    ...(parts.networks ? { site: { network } } : {}),
  } as Partial<Session> as Session;
}

test.each([
  ['127.0.0.1:0', '172.30.0.17:0'],
  ['localhost:4317', '172.30.0.17:4317'],
  ['0.0.0.0:4317', '0.0.0.0:4317'],
  ['192.0.2.5:4317', '192.0.2.5:4317'],
])('a sink on %s listens on %s beside containers, and as it says beside processes', (written, listens) => {
  const sink = { grpc: written, http: written };
  expect(sinkListens(session({ networks: true }), sink)).toEqual({ grpc: listens, http: listens });
  expect(sinkListens(session({ networks: false }), sink)).toEqual(sink);
});

test.each([
  [{}, '172.30.0.17:4001'],
  [{ bound: '0.0.0.0' }, '172.30.0.17:4001'],
  [{ bound: '0.0.0.0', advertise: 'gateway.example' }, 'gateway.example:4001'],
])('containers reach a sink %o at %s', (parts, address) => {
  expect(sinkReached(session({ networks: true, ...parts })).grpc).toBe(address);
});

test('what squall shows Prometheus is on the network that no fault cuts', () => {
  expect(watchHost(session({ networks: true }))).toBe('172.30.0.9');
  expect(watchHost(session({ networks: false }))).toBe('127.0.0.1');
});
