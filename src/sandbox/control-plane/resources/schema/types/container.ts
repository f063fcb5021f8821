/** Containers (k8s.io/api/core/v1). The notation is described in ../notation.ts. */
export const containerTypes = `
Container
  name string required
  image string
  command []string
  args []string
  workingDir string
  ports []ContainerPort merge:containerPort keys:containerPort,protocol
  envFrom []EnvFromSource
  env []EnvVar merge:name
  resources ResourceRequirements
  resizePolicy []ContainerResizePolicy
  restartPolicy *string
  restartPolicyRules []ContainerRestartRule
  volumeMounts []VolumeMount merge:mountPath
  volumeDevices []VolumeDevice merge:devicePath
  livenessProbe *Probe
  readinessProbe *Probe
  startupProbe *Probe
  lifecycle *Lifecycle
  terminationMessagePath string
  terminationMessagePolicy string
  imagePullPolicy string
  securityContext *SecurityContext
  stdin bool
  stdinOnce bool
  tty bool
EphemeralContainer
  name string required
  image string
  command []string
  args []string
  workingDir string
  ports []ContainerPort merge:containerPort keys:containerPort,protocol
  envFrom []EnvFromSource
  env []EnvVar merge:name
  resources ResourceRequirements
  resizePolicy []ContainerResizePolicy
  restartPolicy *string
  restartPolicyRules []ContainerRestartRule
  volumeMounts []VolumeMount merge:mountPath
  volumeDevices []VolumeDevice merge:devicePath
  livenessProbe *Probe
  readinessProbe *Probe
  startupProbe *Probe
  lifecycle *Lifecycle
  terminationMessagePath string
  terminationMessagePolicy string
  imagePullPolicy string
  securityContext *SecurityContext
  stdin bool
  stdinOnce bool
  tty bool
  targetContainerName string
ContainerPort
  name string
  hostPort int32
  containerPort int32 required
  protocol string
  hostIP string
EnvFromSource
  prefix string
  configMapRef *ConfigMapEnvSource
  secretRef *SecretEnvSource
EnvVar
  name string required
  value string
  valueFrom *EnvVarSource
ResourceRequirements
  limits {}Quantity
  requests {}Quantity
  claims []ResourceClaim keys:name
ContainerResizePolicy
  resourceName string required
  restartPolicy string required
ContainerRestartRule
  action string
  exitCodes *ContainerRestartRuleOnExitCodes
VolumeMount
  name string required
  readOnly bool
  recursiveReadOnly *string
  mountPath string required
  subPath string
  mountPropagation *string
  subPathExpr string
  bindMountOptions []string set
VolumeDevice
  name string required
  devicePath string required
Probe
  exec *ExecAction
  httpGet *HTTPGetAction
  tcpSocket *TCPSocketAction
  grpc *GRPCAction
  initialDelaySeconds int32
  timeoutSeconds int32
  periodSeconds int32
  successThreshold int32
  failureThreshold int32
  terminationGracePeriodSeconds *int64
Lifecycle
  postStart *LifecycleHandler
  preStop *LifecycleHandler
  stopSignal *string
SecurityContext
  capabilities *Capabilities
  privileged *bool
  seLinuxOptions *SELinuxOptions
  windowsOptions *WindowsSecurityContextOptions
  runAsUser *int64
  runAsGroup *int64
  runAsNonRoot *bool
  readOnlyRootFilesystem *bool
  allowPrivilegeEscalation *bool
  procMount *string
  seccompProfile *SeccompProfile
  appArmorProfile *AppArmorProfile
ConfigMapEnvSource
  name string
  optional *bool
SecretEnvSource
  name string
  optional *bool
EnvVarSource
  fieldRef *ObjectFieldSelector
  resourceFieldRef *ResourceFieldSelector
  configMapKeyRef *ConfigMapKeySelector
  secretKeyRef *SecretKeySelector
  fileKeyRef *FileKeySelector
ResourceClaim
  name string required
  request string
ContainerRestartRuleOnExitCodes
  operator string
  values []int32 set
ExecAction
  command []string
HTTPGetAction
  path string
  port IntOrString required
  host string
  scheme string
  httpHeaders []HTTPHeader
  protocol *string
TCPSocketAction
  port IntOrString required
  host string
GRPCAction
  port int32 required
  service *string always
  mode *string
LifecycleHandler
  exec *ExecAction
  httpGet *HTTPGetAction
  tcpSocket *TCPSocketAction
  sleep *SleepAction
Capabilities
  add []string
  drop []string
SELinuxOptions
  user string
  role string
  type string
  level string
WindowsSecurityContextOptions
  gmsaCredentialSpecName *string
  gmsaCredentialSpec *string
  runAsUserName *string
  hostProcess *bool
SeccompProfile
  type string required
  localhostProfile *string
AppArmorProfile
  type string required
  localhostProfile *string
ConfigMapKeySelector
  name string
  key string required
  optional *bool
SecretKeySelector
  name string
  key string required
  optional *bool
FileKeySelector
  volumeName string required
  path string required
  key string required
  optional *bool
HTTPHeader
  name string required
  value string required
SleepAction
  seconds int64 required
`;
