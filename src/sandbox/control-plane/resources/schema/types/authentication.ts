/** k8s.io/api/authentication/v1. The notation is described in ../notation.ts. */
export const authenticationTypes = `
TokenRequest
  kind string
  apiVersion string
  metadata ObjectMeta
  spec TokenRequestSpec always
  status TokenRequestStatus
TokenRequestSpec
  audiences []string always
  expirationSeconds *int64 always
  boundObjectRef *BoundObjectReference always
TokenRequestStatus
  token string always
  expirationTimestamp Time always
BoundObjectReference
  kind string
  apiVersion string
  name string
  uid string
`;
