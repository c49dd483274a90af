import { defaultRules, type HpaSpec, type ScalingRules } from '../src/capacity/hpa.ts';

/** A HorizontalPodAutoscaler to be watched, and the work it meets: millicores in all from so many seconds on. */
export interface HpaCase {
  name: string;
  spec: HpaSpec;
  steps: readonly { fromS: number; millis: number }[];
}

/** Of one pod. */
export const requestMillis = 20;
export const lengthS = 560;

const cpu = { target: 0.7, tolerance: defaultRules.tolerance };
const held = (windowS: number, policies: ScalingRules['policies'], selectPolicy: 'Max' | 'Min' = 'Max') => ({
  stabilizationWindowS: windowS,
  selectPolicy,
  policies,
});

export const cases: readonly HpaCase[] = [
  {
    // As in k8s/components/hpa: doubled or two more in 30 s; after 300 s at most half away in 60 s.
    name: 'seeds',
    spec: {
      ...cpu,
      minReplicas: 3,
      maxReplicas: 10,
      scaleUp: held(0, [
        { type: 'Percent', value: 100, periodS: 30 },
        { type: 'Pods', value: 2, periodS: 30 },
      ]),
      scaleDown: held(300, [{ type: 'Percent', value: 50, periodS: 60 }]),
    },
    steps: [
      { fromS: 0, millis: 15 },
      { fromS: 40, millis: 90 },
      { fromS: 120, millis: 200 },
      { fromS: 180, millis: 15 },
    ],
  },
  {
    // Windows upwards and downwards, the lesser of two policies, peaks shorter and longer than the window.
    name: 'windows',
    spec: {
      ...cpu,
      minReplicas: 1,
      maxReplicas: 8,
      scaleUp: held(
        45,
        [
          { type: 'Pods', value: 2, periodS: 40 },
          { type: 'Percent', value: 200, periodS: 40 },
        ],
        'Min',
      ),
      scaleDown: held(60, [{ type: 'Pods', value: 2, periodS: 40 }]),
    },
    steps: [
      { fromS: 0, millis: 5 },
      { fromS: 40, millis: 70 },
      { fromS: 55, millis: 5 },
      { fromS: 110, millis: 80 },
      { fromS: 300, millis: 30 },
      { fromS: 400, millis: 60 },
      { fromS: 430, millis: 5 },
    ],
  },
  {
    // Without a behavior block.
    name: 'plain',
    spec: { ...cpu, minReplicas: 1, maxReplicas: 9, ...defaultRules, withoutBehavior: true },
    steps: [
      { fromS: 0, millis: 5 },
      { fromS: 40, millis: 150 },
      { fromS: 130, millis: 5 },
    ],
  },
];

/** The Deployment and the HPA of a case; its pods burn what `workUrl` tells them, once a second. */
export function objectsOf(one: HpaCase, of: { workUrl: string; node: string | undefined }): object[] {
  const { name, spec } = one;
  const labels = { app: name };
  const command = ['node', '-e', burner, `${of.workUrl}/${name}`];
  const resources = { requests: { cpu: `${requestMillis}m`, memory: '32Mi' }, limits: { memory: '128Mi' } };
  const image = 'node:24-slim';
  const container = { name: 'work', image, imagePullPolicy: 'Never', command, resources };
  const nodeSelector = of.node === undefined ? {} : { 'kubernetes.io/hostname': of.node };
  const pod = { terminationGracePeriodSeconds: 0, containers: [container], nodeSelector };
  const rules = ({ stabilizationWindowS, selectPolicy, policies }: ScalingRules) => ({
    stabilizationWindowSeconds: stabilizationWindowS,
    selectPolicy,
    policies: policies.map(({ type, value, periodS }) => ({ type, value, periodSeconds: periodS })),
  });
  const target = { type: 'Utilization', averageUtilization: Math.round(100 * spec.target) };
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name },
      spec: {
        replicas: spec.minReplicas,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: pod },
      },
    },
    {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
        minReplicas: spec.minReplicas,
        maxReplicas: spec.maxReplicas,
        metrics: [{ type: 'Resource', resource: { name: 'cpu', target } }],
        ...(spec.withoutBehavior === true
          ? {}
          : { behavior: { scaleUp: rules(spec.scaleUp), scaleDown: rules(spec.scaleDown) } }),
      },
    },
  ];
}

/** Asks for its share of the work each second and uses so many milliseconds of CPU for it. */
const burner = `
const url = process.argv[1];
setInterval(async () => {
  const from = process.cpuUsage();
  const millis = Number(await (await fetch(url + '?pod=' + process.env.HOSTNAME)).text());
  for (;;) {
    const { user, system } = process.cpuUsage(from);
    if (user + system >= 1000 * millis) break;
  }
}, 1000);
process.on('unhandledRejection', () => {});
`;
