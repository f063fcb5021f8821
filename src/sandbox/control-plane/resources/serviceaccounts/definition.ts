import { mapsOf } from '../fields.ts';
import { defineResource } from '../strategy.ts';
import { since } from '../tables/age.ts';
import { ageColumn, column, nameColumn } from '../tables/columns.ts';
import { dns1123Subdomain } from '../validation/names.ts';
import { requestToken } from './token-request.ts';

/** v1 ServiceAccount. Its tokens are minted on request; none is stored. */
export const serviceaccounts = defineResource({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  namespaced: true,
  resource: 'serviceaccounts',
  singular: 'serviceaccount',
  shortNames: ['sa'],
  checkName: dns1123Subdomain,
  deleteAnswersObject: true,
  table: {
    columns: [
      nameColumn(),
      column(
        'Secrets',
        'Secrets is a list of the secrets in the same namespace that pods running using this ServiceAccount are allowed to use. Pods are only limited to this list if this service account has a "kubernetes.io/enforce-mountable-secrets" annotation set to "true". The "kubernetes.io/enforce-mountable-secrets" annotation is deprecated since v1.32. Prefer separate namespaces to isolate access to mounted secrets. This field should not be used to find auto-generated service account token secrets for use outside of pods. Instead, tokens can be requested directly using the TokenRequest API, or service account token secrets can be manually created. More info: https://kubernetes.io/docs/concepts/configuration/secret',
      ),
      ageColumn(),
    ],
    row: (object, now) => [object.metadata.name, mapsOf(object['secrets']).length, since(object.metadata.creationTimestamp, now)],
  },
  subresources: {
    token: { style: 'action', group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', post: requestToken },
  },
});
