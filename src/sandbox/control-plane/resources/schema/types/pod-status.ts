/** What a kubelet reports of a pod (k8s.io/api/core/v1). The notation is described in ../notation.ts. */
export const podStatusTypes = `
PodStatus
  observedGeneration int64
  phase string
  conditions []PodCondition merge:type
  message string
  reason string
  nominatedNodeName string
  hostIP string
  hostIPs []HostIP merge:ip
  podIP string
  podIPs []PodIP merge:ip
  startTime *Time
  initContainerStatuses []ContainerStatus
  containerStatuses []ContainerStatus
  qosClass string
  ephemeralContainerStatuses []ContainerStatus
  resize string
  resourceClaimStatuses []PodResourceClaimStatus merge,retainKeys:name
  extendedResourceClaimStatus *PodExtendedResourceClaimStatus
  allocatedResources {}Quantity
  resources *ResourceRequirements
PodCondition
  type string required
  observedGeneration int64
  status string required
  lastProbeTime Time
  lastTransitionTime Time
  reason string
  message string
HostIP
  ip string required
PodIP
  ip string required
ContainerStatus
  name string required
  state ContainerState
  lastState ContainerState
  ready bool required
  restartCount int32 required
  image string required
  imageID string required
  containerID string
  started *bool
  allocatedResources {}Quantity
  resources *ResourceRequirements
  volumeMounts []VolumeMountStatus merge:mountPath
  user *ContainerUser
  allocatedResourcesStatus []ResourceStatus merge:name
  stopSignal *string
PodResourceClaimStatus
  name string required
  resourceClaimName *string
PodExtendedResourceClaimStatus
  requestMappings []ContainerExtendedResourceRequest required
  resourceClaimName string required
ContainerState
  waiting *ContainerStateWaiting
  running *ContainerStateRunning
  terminated *ContainerStateTerminated
VolumeMountStatus
  name string required
  mountPath string required
  readOnly bool
  recursiveReadOnly *string
  volumeStatus *VolumeStatus
ContainerUser
  linux *LinuxContainerUser
ResourceStatus
  name string required
  resources []ResourceHealth keys:resourceID
ContainerExtendedResourceRequest
  containerName string required
  resourceName string required
  requestName string required
ContainerStateWaiting
  reason string
  message string
ContainerStateRunning
  startedAt Time
ContainerStateTerminated
  exitCode int32 required
  signal int32
  reason string
  message string
  startedAt Time
  finishedAt Time
  containerID string
VolumeStatus
  image *ImageVolumeStatus
LinuxContainerUser
  uid int64 required
  gid int64 required
  supplementalGroups []int64
ResourceHealth
  resourceID string required
  health string
  message *string
ImageVolumeStatus
  imageRef string
`;
