import type { FieldProblem } from '../../api-error.ts';
import { at, numberOf, textOf } from '../fields.ts';
import { invalidValue } from '../problems.ts';
import { defineResource } from '../strategy.ts';
import { since } from '../tables/age.ts';
import { ageColumn, column, nameColumn } from '../tables/columns.ts';
import { dns1123Subdomain } from '../validation/names.ts';

/** coordination.k8s.io/v1 Lease: created by PUT where absent, but never changed without a resourceVersion. */
export const leases = defineResource({
  group: 'coordination.k8s.io',
  resource: 'leases',
  version: 'v1',
  kind: 'Lease',
  namespaced: true,
  singular: 'lease',
  checkName: dns1123Subdomain,
  createsOnUpdate: true,
  requiresResourceVersion: true,
  table: {
    columns: [
      nameColumn(),
      column(
        'Holder',
        'holderIdentity contains the identity of the holder of a current lease. If Coordinated Leader Election is used, the holder identity must be equal to the elected LeaseCandidate.metadata.name field.',
      ),
      ageColumn(),
    ],
    row: (object, now) => [object.metadata.name, textOf(at(object, 'spec', 'holderIdentity')), since(object.metadata.creationTimestamp, now)],
  },
  validate(draft) {
    const problems: FieldProblem[] = [];
    const duration = numberOf(at(draft, 'spec', 'leaseDurationSeconds'));
    const transitions = numberOf(at(draft, 'spec', 'leaseTransitions'));
    if (duration !== undefined && duration <= 0) problems.push(invalidValue('spec.leaseDurationSeconds', duration, 'must be greater than 0'));
    if (transitions !== undefined && transitions < 0) problems.push(invalidValue('spec.leaseTransitions', transitions, 'must be greater than or equal to 0'));
    return problems;
  },
});
