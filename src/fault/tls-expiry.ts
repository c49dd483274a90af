import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { z } from 'zod';
import { durationField } from '../base/fields.ts';
import type { Member } from '../target/target.ts';
import { makeExpired, opensslVersion } from './expired-certificate.ts';
import type { Fault, FaultContext } from './fault.ts';
import { backUp, backupOf, replaceContent, undoOfChange } from './file-backup.ts';
import { type CertificateFiles, certificatesOf } from './tls-files.ts';

const params = z.strictObject({
  expiredFor: durationField({ positive: true })
    .default(3_600_000)
    .describe('how long ago the certificate ended'),
  caCertFile: z.string().optional().describe('authority that signs the expired certificate; absolute path'),
  caKeyFile: z.string().optional().describe('key of that authority; absolute path'),
});
type Params = z.infer<typeof params>;

/** The server certificate of a member's receivers is out of date: same name and key, a past end. */
export const tlsExpiry: Fault<Params> = {
  kind: 'tls-expiry',
  summary: "puts an expired certificate in the place of a member's own, and back after the duration",
  params,
  oneShot: false,
  effectWithinMs: 20_000,
  absenceWithinMs: 30_000,
  needs: { targets: ['local', 'docker'], power: 'reconfigure' },
  precondition: async (member, chosen) => {
    if ((await opensslVersion()) === undefined) return 'the openssl binary is not there';
    if (certificatesOf(member).length === 0) return `no receiver of ${member.name} has a tls.cert_file`;
    const half = (chosen.caCertFile === undefined) !== (chosen.caKeyFile === undefined);
    return half ? 'caCertFile and caKeyFile go together' : undefined;
  },
  undo: async (member, _, context) => {
    const files = certificatesOf(member);
    context.memory.set('files', files);
    const changes = files.flatMap(({ certFile }) =>
      undoOfChange(certFile, backupOf(certFile, context), member),
    );
    return [...changes, { kind: 'remove-tree', path: scratchOf(context, member) }];
  },
  inject: async (member, chosen, context) => {
    const { caCertFile, caKeyFile, expiredFor } = chosen;
    const authority =
      caCertFile === undefined || caKeyFile === undefined
        ? {}
        : { authority: { certFile: caCertFile, keyFile: caKeyFile } };
    for (const files of context.memory.get('files') as CertificateFiles[]) {
      const expired = await makeExpired({
        ...files,
        ...authority,
        notAfter: new Date(context.clock.wallMs() - expiredFor),
        scratchDir: scratchOf(context, member),
      });
      const backup = backupOf(files.certFile, context);
      backUp(files.certFile, backup);
      replaceContent(files.certFile, backup, expired);
    }
    context.memory.set('id', member.process?.current()?.id);
    await member.process?.signal('SIGHUP');
  },
  effect: async (member, _, context) => {
    const end = await presentedEnd(member);
    return end !== undefined && end < context.clock.wallMs()
      ? `${member.name} presents a certificate that ended ${new Date(end).toISOString()}`
      : undefined;
  },
  recover: async (member, _, { memory }) => {
    const reloaded = memory.get('id');
    const now = member.process?.current()?.id;
    if (now !== undefined && now !== reloaded) await member.process?.signal('SIGHUP');
  },
  absence: async (member, _, context) => {
    const end = await presentedEnd(member);
    return end !== undefined && end >= context.clock.wallMs()
      ? `${member.name} presents a certificate that is valid until ${new Date(end).toISOString()}`
      : undefined;
  },
};

function scratchOf({ runId, fault }: FaultContext, member: Member): string {
  return join(tmpdir(), `squall-tls-${runId}-${fault}-${member.name}`);
}

/** End of the certificate that the member shows on its first TLS address, ms since the epoch. */
async function presentedEnd(member: Member): Promise<number | undefined> {
  const address = (member.otlp.grpc ?? member.otlp.http ?? '').replace(/^https?:\/\//, '');
  const at = address.lastIndexOf(':');
  if (at < 0) return undefined;
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  // Only looked at, never trusted: no data is sent on this connection.
  const options = {
    host: address.slice(0, at),
    port: Number(address.slice(at + 1)),
    rejectUnauthorized: false,
  };
  const socket = connect({ ...options, ALPNProtocols: ['h2', 'http/1.1'], timeout: 1_000 }, () => {
    resolve(Date.parse(socket.getPeerCertificate().valid_to));
  });
  socket.on('error', () => resolve(undefined)).on('timeout', () => resolve(undefined));
  const end = await promise;
  socket.destroy();
  return end;
}
