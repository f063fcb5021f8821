/** Pods that come and go, for what must not grow with them. */
import { PassThrough } from 'node:stream';
import type { VicProvider } from '../../src/providers/vic/provider.ts';
import { containerRequest, podRequest, startRequest, type RequestedPod } from './kubelet/pod-requests.ts';

/** How often a pod is also started, which takes longer than all the rest. */
const STARTED_EVERY = 20;

/** Creates a pod, looks at it and removes it, `count` times; every so often it runs and is logged, entered and measured as well. Returns the pods. */
export async function cyclePods(provider: VicProvider, count: number, signal: AbortSignal): Promise<readonly WeakRef<RequestedPod>[]> {
  const pods: WeakRef<RequestedPod>[] = [];
  for (let cycle = 0; cycle < count; cycle += 1) {
    const pod = podWithToken();
    pods.push(new WeakRef(pod));
    const { uid } = pod;
    await provider.create(pod, signal);
    if (cycle % STARTED_EVERY === 0) {
      await provider.start(startRequest(pod), signal);
      const streams = { stdout: new PassThrough().resume(), stderr: new PassThrough().resume(), tty: false };
      await provider.exec?.exec({ uid, container: 'c' }, ['true'], streams, signal);
      const log = await provider.logs?.open({ uid, container: 'c' }, { follow: false, previous: false, timestamps: false }, signal);
      await log?.toArray();
      await provider.stats?.pods(signal);
      // The task first: a VM that is stopped waits for it.
      await provider.stop({ uid, container: 'd', graceSeconds: 1 }, signal);
    }
    await provider.status(uid, signal);
    await provider.remove(uid, signal);
  }
  return pods;
}

/** As nearly every pod is. */
function podWithToken(): RequestedPod {
  const name = 'kube-api-access-abcde';
  const mounts = [{ volume: name, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', subPath: undefined, readOnly: true }];
  const files = [{ path: 'token', content: Buffer.alloc(1024, 't'), mode: 0o644 }];
  return {
    ...podRequest(['c', 'd'].map((own) => containerRequest({ name: own, command: ['sleep', '1000'], mounts }))),
    volumes: [{ name, kind: 'files', files, inMemory: true, injectedToken: true }],
  };
}
