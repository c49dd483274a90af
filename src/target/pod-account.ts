import { readFileSync } from 'node:fs';

/** A pod's own account, by which its program asks the API server. Imports nothing but Node. */
export interface PodAccount {
  /** https://HOST:PORT; its certificate is signed by NODE_EXTRA_CA_CERTS. */
  server: string;
  tokenFile: string;
}

/** Of a pod into which its ServiceAccount is mounted. */
export const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** This pod's. Throws where it is none. */
export function ownAccount(env: NodeJS.ProcessEnv): PodAccount {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '' } = env;
  if (host === '' || port === '') throw new Error('KUBERNETES_SERVICE_HOST or _PORT is not set');
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { server, tokenFile: `${accountFolder}/token` };
}

/** One request. Rejects when there is no answer in time. */
export function askServer(
  { server, tokenFile }: PodAccount,
  request: { method: string; path: string; body?: object; type?: string; withinMs: number },
): Promise<Response> {
  const { method, path, body, type = 'application/json', withinMs } = request;
  return fetch(`${server}${path}`, {
    method,
    headers: {
      // Read anew each time: the kubelet renews it.
      authorization: `Bearer ${readFileSync(tokenFile, 'utf8').trim()}`,
      ...(body === undefined ? {} : { 'content-type': type }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(withinMs),
  });
}
