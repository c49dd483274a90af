import { expect, test } from 'vitest';
import { containerKill } from '../../../src/fault/container-kill.ts';
import type { Member } from '../../../src/target/target.ts';
import { memberWith } from '../../fixtures/member.ts';

const deadMember = (restarts?: 'always' | 'never') =>
  memberWith(restarts === undefined ? {} : { restarts: () => restarts });

const look = (member: Member) =>
  containerKill.absence(member, { killSignal: 'SIGKILL' }, { memory: new Map() } as never);

test('a killed member that is never started again has recovered as far as it will; any other one not yet', async () => {
  expect(await look(deadMember('never'))).toBe('collector-0 stays down: restart is never');
  expect(await look(deadMember('always'))).toBeUndefined();
  expect(await look(deadMember())).toBeUndefined();
});
