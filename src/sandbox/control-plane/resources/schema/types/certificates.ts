/** k8s.io/api/certificates/v1. The notation is described in ../notation.ts. */
export const certificatesTypes = `
CertificateSigningRequest
  kind string
  apiVersion string
  metadata ObjectMeta
  spec CertificateSigningRequestSpec required
  status CertificateSigningRequestStatus always
CertificateSigningRequestSpec
  request bytes required
  signerName string required
  expirationSeconds *int32
  usages []string atomic
  username string
  uid string
  groups []string atomic
  extra {}[]string
CertificateSigningRequestStatus
  conditions []CertificateSigningRequestCondition keys:type
  certificate bytes
CertificateSigningRequestCondition
  type string required
  status string required
  reason string
  message string
  lastUpdateTime Time omitzero
  lastTransitionTime Time omitzero
`;
