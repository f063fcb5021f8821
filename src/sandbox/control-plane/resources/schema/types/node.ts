/** Nodes (k8s.io/api/core/v1). The notation is described in ../notation.ts. */
export const nodeTypes = `
Node
  kind string
  apiVersion string
  metadata ObjectMeta
  spec NodeSpec
  status NodeStatus
NodeSpec
  podCIDR string
  podCIDRs []string set merge
  providerID string
  unschedulable bool
  taints []Taint
  configSource *NodeConfigSource
  externalID string
NodeStatus
  capacity {}Quantity
  allocatable {}Quantity
  phase string
  conditions []NodeCondition merge:type
  addresses []NodeAddress merge:type
  daemonEndpoints NodeDaemonEndpoints
  nodeInfo NodeSystemInfo
  images []ContainerImage
  volumesInUse []string
  volumesAttached []AttachedVolume
  config *NodeConfigStatus
  runtimeHandlers []NodeRuntimeHandler
  features *NodeFeatures
  declaredFeatures []string
Taint
  key string required
  value string
  effect string required
  timeAdded *Time
NodeConfigSource
  configMap *ConfigMapNodeConfigSource
NodeCondition
  type string required
  status string required
  lastHeartbeatTime Time
  lastTransitionTime Time
  reason string
  message string
NodeAddress
  type string required
  address string required
NodeDaemonEndpoints
  kubeletEndpoint DaemonEndpoint
NodeSystemInfo
  machineID string required
  systemUUID string required
  bootID string required
  kernelVersion string required
  osImage string required
  containerRuntimeVersion string required
  kubeletVersion string required
  kubeProxyVersion string required
  operatingSystem string required
  architecture string required
  swap *NodeSwapStatus
ContainerImage
  names []string always
  sizeBytes int64
AttachedVolume
  name string required
  devicePath string required
NodeConfigStatus
  assigned *NodeConfigSource
  active *NodeConfigSource
  lastKnownGood *NodeConfigSource
  error string
NodeRuntimeHandler
  name string always
  features *NodeRuntimeHandlerFeatures
NodeFeatures
  supplementalGroupsPolicy *bool
ConfigMapNodeConfigSource
  namespace string required
  name string required
  uid string
  resourceVersion string
  kubeletConfigKey string required
DaemonEndpoint
  Port int32 required
NodeSwapStatus
  capacity *int64
NodeRuntimeHandlerFeatures
  recursiveReadOnlyMounts *bool
  userNamespaces *bool
`;
