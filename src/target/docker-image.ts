import { SquallError } from '../base/errors.ts';
import type { CollectorBinary } from '../tools/collector-binary.ts';
import { readComponents } from '../tools/collector-binary.ts';
import { type Docker, messageOf, orGone, withinMs } from './docker-client.ts';
import { runLabels } from './docker-labels.ts';

const pullMs = 600_000;
const listMs = 60_000;

/** Pulls the image unless it is here, with the user's own credentials. Throws SQ-IMAGE-MISSING. */
export async function ensureImage(docker: Docker, image: string, say: (line: string) => void): Promise<void> {
  if (await isHere(docker, image)) return;
  say(`pulling ${image}`);
  const { ImageName } = await import('testcontainers');
  let found = 'no such image';
  try {
    await withinMs(pullMs, docker.images.pull(ImageName.fromString(image)));
    // What a registry refuses half-way stands in the answer, which the client does not read.
    if (await isHere(docker, image)) return;
  } catch (error) {
    found = messageOf(error);
  }
  throw new SquallError({
    code: 'SQ-IMAGE-MISSING',
    what: `the image ${image} is not here and cannot be pulled`,
    where: docker.daemon,
    expected: 'an image of the daemon, or one that its registry gives out',
    found,
    next: `docker pull ${image}`,
  });
}

/** Those of the images that the daemon does not have. */
export async function absentImages(docker: Docker, images: readonly string[]): Promise<string[]> {
  const here = await Promise.all(images.map((image) => isHere(docker, image)));
  return images.filter((_, index) => here[index] === false);
}

async function isHere(docker: Docker, image: string): Promise<boolean> {
  return (await orGone(docker.engine.getImage(image).inspect())) !== undefined;
}

/** Version and exporters of a collector image, as it lists them itself. Throws SQ-TARGET-START when it cannot. */
export async function inspectImage(
  docker: Docker,
  image: string,
  runId: string,
): Promise<Omit<CollectorBinary, 'path'>> {
  const container = await docker.engine.createContainer({
    Image: image,
    Cmd: ['components'],
    Labels: runLabels(runId),
    HostConfig: { NetworkMode: 'none' },
  });
  let text = '';
  try {
    await container.start();
    const { StatusCode } = (await withinMs(listMs, container.wait())) as { StatusCode: number };
    text = plain(await container.logs({ stdout: true, stderr: true }));
    if (StatusCode === 0) return readComponents(text);
    throw new Error(`code ${StatusCode}: ${text.trim().split('\n').at(-1) ?? ''}`);
  } catch (cause) {
    throw new SquallError(
      {
        code: 'SQ-TARGET-START',
        what: `the image ${image} does not list its components`,
        where: docker.daemon,
        expected: 'an image whose entrypoint is a collector',
        found: messageOf(cause).slice(0, 300),
        next: `docker run --rm ${image} components`,
      },
      { cause },
    );
  } finally {
    await container.remove({ force: true, v: true });
  }
}

/** The text of a container's log: each piece of it has a head of eight bytes, whose last four are its length. */
function plain(log: Buffer): string {
  const pieces: Buffer[] = [];
  for (let at = 0; at + 8 <= log.length; ) {
    const length = log.readUInt32BE(at + 4);
    pieces.push(log.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(pieces).toString('utf8');
}
