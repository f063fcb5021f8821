/** Pods and what places them (k8s.io/api/core/v1). The notation is described in ../notation.ts. */
export const podTypes = `
Pod
  kind string
  apiVersion string
  metadata ObjectMeta
  spec PodSpec
  status PodStatus
PodSpec
  volumes []Volume merge,retainKeys:name
  initContainers []Container merge:name
  containers []Container required merge:name
  ephemeralContainers []EphemeralContainer merge:name
  restartPolicy string
  terminationGracePeriodSeconds *int64
  activeDeadlineSeconds *int64
  dnsPolicy string
  nodeSelector {}string atomic
  serviceAccountName string
  serviceAccount string
  automountServiceAccountToken *bool
  nodeName string
  hostNetwork bool
  hostPID bool
  hostIPC bool
  shareProcessNamespace *bool
  securityContext *PodSecurityContext
  imagePullSecrets []LocalObjectReference merge:name
  hostname string
  subdomain string
  affinity *Affinity
  schedulerName string
  tolerations []Toleration
  hostAliases []HostAlias merge:ip
  priorityClassName string
  priority *int32
  dnsConfig *PodDNSConfig
  readinessGates []PodReadinessGate
  runtimeClassName *string
  enableServiceLinks *bool
  preemptionPolicy *string
  overhead {}Quantity
  topologySpreadConstraints []TopologySpreadConstraint merge:topologyKey keys:topologyKey,whenUnsatisfiable
  setHostnameAsFQDN *bool
  os *PodOS
  hostUsers *bool
  schedulingGates []PodSchedulingGate merge:name
  resourceClaims []PodResourceClaim merge,retainKeys:name
  resources *ResourceRequirements
  hostnameOverride *string
  schedulingGroup *PodSchedulingGroup
PodSecurityContext
  seLinuxOptions *SELinuxOptions
  windowsOptions *WindowsSecurityContextOptions
  runAsUser *int64
  runAsGroup *int64
  runAsNonRoot *bool
  supplementalGroups []int64
  supplementalGroupsPolicy *string
  fsGroup *int64
  sysctls []Sysctl
  fsGroupChangePolicy *string
  seccompProfile *SeccompProfile
  appArmorProfile *AppArmorProfile
  seLinuxChangePolicy *string
Affinity
  nodeAffinity *NodeAffinity
  podAffinity *PodAffinity
  podAntiAffinity *PodAntiAffinity
Toleration
  key string
  operator string
  value string
  effect string
  tolerationSeconds *int64
HostAlias
  ip string required
  hostnames []string
PodDNSConfig
  nameservers []string
  searches []string
  options []PodDNSConfigOption
PodReadinessGate
  conditionType string required
TopologySpreadConstraint
  maxSkew int32 required
  topologyKey string required
  whenUnsatisfiable string required
  labelSelector *LabelSelector
  minDomains *int32
  nodeAffinityPolicy *string
  nodeTaintsPolicy *string
  matchLabelKeys []string
PodOS
  name string required
PodSchedulingGate
  name string required
PodResourceClaim
  name string required
  resourceClaimName *string
  resourceClaimTemplateName *string
PodSchedulingGroup
  podGroupName *string
Sysctl
  name string required
  value string required
NodeAffinity
  requiredDuringSchedulingIgnoredDuringExecution *NodeSelector
  preferredDuringSchedulingIgnoredDuringExecution []PreferredSchedulingTerm
PodAffinity
  requiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm
  preferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm
PodAntiAffinity
  requiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm
  preferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm
PodDNSConfigOption
  name string
  value *string
NodeSelector
  nodeSelectorTerms []NodeSelectorTerm required
PreferredSchedulingTerm
  weight int32 required
  preference NodeSelectorTerm required
PodAffinityTerm
  labelSelector *LabelSelector
  namespaces []string
  topologyKey string required
  namespaceSelector *LabelSelector
  matchLabelKeys []string
  mismatchLabelKeys []string
WeightedPodAffinityTerm
  weight int32 required
  podAffinityTerm PodAffinityTerm required
NodeSelectorTerm
  matchExpressions []NodeSelectorRequirement
  matchFields []NodeSelectorRequirement
NodeSelectorRequirement
  key string required
  operator string required
  values []string
`;
