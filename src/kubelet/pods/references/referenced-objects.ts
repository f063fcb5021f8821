/** Which ConfigMaps and Secrets a pod refers to (pkg/api/v1/pod/util.go, VisitPodSecretNames, VisitPodConfigmapNames). Pure. */
import type { Container, Pod, Volume } from '../../../platform/kubernetes-objects.ts';
import type { ObjectRef } from '../../cluster.ts';

/** Each object once, without those of `leftOut` volumes. Secrets that only the pull of an image needs are among them. */
export function referencedObjects(pod: Pod, leftOut: ReadonlySet<string> = new Set()): readonly ObjectRef[] {
  const { spec } = pod;
  const namespace = pod.metadata?.namespace ?? '';
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? []), ...(spec?.ephemeralContainers ?? [])];
  const named: readonly Named[] = [
    ...(spec?.imagePullSecrets ?? []).map(({ name }) => secret(name)),
    ...containers.flatMap(ofContainer),
    ...(spec?.volumes ?? []).filter(({ name }) => !leftOut.has(name)).flatMap(ofVolume),
  ];
  const found = new Map(
    named.flatMap(({ kind, name }) => (name === undefined || name === '' ? [] : [[keyOf({ kind, namespace, name }), { kind, namespace, name }]])),
  );
  return [...found.values()];
}

/** One object in one cluster. */
export function keyOf({ kind, namespace, name }: ObjectRef): string {
  return `${kind} ${namespace}/${name}`;
}

interface Named {
  readonly kind: ObjectRef['kind'];
  readonly name: string | undefined;
}

const secret = (name: string | undefined): Named => ({ kind: 'Secret', name });
const configMap = (name: string | undefined): Named => ({ kind: 'ConfigMap', name });

function ofContainer({ env, envFrom }: Pick<Container, 'env' | 'envFrom'>): readonly Named[] {
  return [
    ...(envFrom ?? []).flatMap(({ configMapRef, secretRef }) => [configMap(configMapRef?.name), secret(secretRef?.name)]),
    ...(env ?? []).flatMap(({ valueFrom }) => [configMap(valueFrom?.configMapKeyRef?.name), secret(valueFrom?.secretKeyRef?.name)]),
  ];
}

function ofVolume(volume: Volume): readonly Named[] {
  const sources = volume.projected?.sources ?? [];
  return [
    configMap(volume.configMap?.name),
    secret(volume.secret?.secretName),
    ...sources.flatMap((source) => [configMap(source.configMap?.name), secret(source.secret?.name)]),
  ];
}
