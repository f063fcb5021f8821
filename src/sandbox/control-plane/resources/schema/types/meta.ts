/** k8s.io/apimachinery/pkg/apis/meta/v1. The notation is described in ../notation.ts. */
export const metaTypes = `
ObjectMeta
  name string
  generateName string
  namespace string
  selfLink string
  uid string
  resourceVersion string
  generation int64
  creationTimestamp Time omitzero
  deletionTimestamp *Time
  deletionGracePeriodSeconds *int64
  labels {}string
  annotations {}string
  ownerReferences []OwnerReference merge:uid
  finalizers []string set merge
  managedFields []ManagedFieldsEntry
OwnerReference
  apiVersion string required
  kind string required
  name string required
  uid string required
  controller *bool
  blockOwnerDeletion *bool
ManagedFieldsEntry
  manager string
  operation string
  apiVersion string
  time *Time
  fieldsType string
  fieldsV1 *any
  subresource string
LabelSelector
  matchLabels {}string
  matchExpressions []LabelSelectorRequirement
LabelSelectorRequirement
  key string required
  operator string required
  values []string
Condition
  type string required
  status string required
  observedGeneration int64
  lastTransitionTime Time required
  reason string required
  message string required
DeleteOptions
  kind string
  apiVersion string
  gracePeriodSeconds *int64
  preconditions *Preconditions
  orphanDependents *bool
  propagationPolicy *string
  dryRun []string
  ignoreStoreReadErrorWithClusterBreakingPotential *bool
Preconditions
  uid *string
  resourceVersion *string
ListMeta
  selfLink string
  resourceVersion string
  continue string
  remainingItemCount *int64
`;
