import { request as plain } from 'node:http';
import { request as encrypted } from 'node:https';
import { text } from 'node:stream/consumers';
import type { KubeConfig } from '@kubernetes/client-node';

/** A pod behind the API server may think for a while. */
const answerMs = 30_000;

/** GET with the account of the kubeconfig: the client library's own calls give a proxied path no query. */
export async function bareGet(config: KubeConfig, path: string): Promise<string> {
  const options: Parameters<KubeConfig['applyToHTTPSOptions']>[0] = {};
  await config.applyToHTTPSOptions(options);
  const signal = AbortSignal.timeout(answerMs);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const server = config.getCurrentCluster()?.server ?? '';
  const request = server.startsWith('http:') ? plain : encrypted;
  request(`${server}${path}`, { ...options, signal }, (answer) => {
    text(answer).then((body) => {
      if (answer.statusCode === 200) resolve(body);
      else reject(new Error(`HTTP ${answer.statusCode}: ${body.slice(0, 200)}`));
    }, reject);
  })
    .on('error', reject)
    .end();
  return promise;
}
