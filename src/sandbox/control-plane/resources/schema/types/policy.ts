/** k8s.io/api/policy/v1. The notation is described in ../notation.ts. */
export const policyTypes = `
Eviction
  kind string
  apiVersion string
  metadata ObjectMeta
  deleteOptions *DeleteOptions
`;
