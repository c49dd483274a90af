import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { withReadBuffer } from '../../../src/observe/sink-socket.ts';
import { talk } from '../../fixtures/talk.ts';
import { startTcpServer } from '../../fixtures/tcp-server.ts';

/** Serves with `enter` while two clients say something one after the other; gives what they heard. */
async function served(enter: (socket: Socket) => void): Promise<string[]> {
  const server = await startTcpServer(enter);
  const heard = [];
  for (const word of ['first', 'second']) {
    heard.push((await talk(`127.0.0.1:${server.port}`, [Buffer.from(word)], 20_000)).toString());
  }
  server.close();
  return heard;
}

// Without node's `_handle` the sink still works, and is slower: then this fails, and somebody gets to know.
test('what two accepted connections send is read into one buffer, and both are answered', async () => {
  const chunks: [text: string, memory: ArrayBufferLike][] = [];
  const heard = await served((accepted) => {
    const socket = withReadBuffer(accepted);
    socket.on('data', (chunk) => chunks.push([chunk.toString(), chunk.buffer]));
    socket.on('end', () => socket.end('heard'));
  });
  expect(heard).toEqual(['heard', 'heard']);
  expect(chunks.map(([text]) => text)).toEqual(['first', 'second']);
  expect(chunks[0]?.[1]).toBe(chunks[1]?.[1]);
});

test('a connection that is paused gives nothing until it is resumed', async () => {
  const texts: string[] = [];
  await served((accepted) => {
    const socket = withReadBuffer(accepted);
    let paused = true;
    socket.on('data', (chunk) => texts.push(`${chunk.toString()}${paused ? ' too early' : ''}`));
    socket.on('end', () => socket.end());
    socket.pause();
    setTimeout(() => {
      paused = false;
      socket.resume();
    }, 20);
  });
  expect(texts).toEqual(['first', 'second']);
});

test('a socket that has no handle stays as it is', () => {
  const socket = new Socket();
  expect(withReadBuffer(socket)).toBe(socket);
});
