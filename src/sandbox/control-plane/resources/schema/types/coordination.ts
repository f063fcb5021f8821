/** k8s.io/api/coordination/v1. The notation is described in ../notation.ts. */
export const coordinationTypes = `
Lease
  kind string
  apiVersion string
  metadata ObjectMeta
  spec LeaseSpec
LeaseSpec
  holderIdentity *string
  leaseDurationSeconds *int32
  acquireTime *MicroTime
  renewTime *MicroTime
  leaseTransitions *int32
  strategy *string
  preferredHolder *string
`;
