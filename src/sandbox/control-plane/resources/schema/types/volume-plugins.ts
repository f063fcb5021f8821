/** Volumes by in-tree plug-ins and claims made for one pod (k8s.io/api/core/v1). The notation is described in ../notation.ts. */
export const volumePluginTypes = `
GCEPersistentDiskVolumeSource
  pdName string required
  fsType string
  partition int32
  readOnly bool
AWSElasticBlockStoreVolumeSource
  volumeID string required
  fsType string
  partition int32
  readOnly bool
GitRepoVolumeSource
  repository string required
  revision string
  directory string
ISCSIVolumeSource
  targetPortal string required
  iqn string required
  lun int32 required
  iscsiInterface string
  fsType string
  readOnly bool
  portals []string
  chapAuthDiscovery bool
  chapAuthSession bool
  secretRef *LocalObjectReference
  initiatorName *string
GlusterfsVolumeSource
  endpoints string required
  path string required
  readOnly bool
RBDVolumeSource
  monitors []string required
  image string required
  fsType string
  pool string
  user string
  keyring string
  secretRef *LocalObjectReference
  readOnly bool
FlexVolumeSource
  driver string required
  fsType string
  secretRef *LocalObjectReference
  readOnly bool
  options {}string
CinderVolumeSource
  volumeID string required
  fsType string
  readOnly bool
  secretRef *LocalObjectReference
CephFSVolumeSource
  monitors []string required
  path string
  user string
  secretFile string
  secretRef *LocalObjectReference
  readOnly bool
FlockerVolumeSource
  datasetName string
  datasetUUID string
FCVolumeSource
  targetWWNs []string
  lun *int32
  fsType string
  readOnly bool
  wwids []string
AzureFileVolumeSource
  secretName string required
  shareName string required
  readOnly bool
VsphereVirtualDiskVolumeSource
  volumePath string required
  fsType string
  storagePolicyName string
  storagePolicyID string
QuobyteVolumeSource
  registry string required
  volume string required
  readOnly bool
  user string
  group string
  tenant string
AzureDiskVolumeSource
  diskName string required
  diskURI string required
  cachingMode *string
  fsType *string
  readOnly *bool
  kind *string
PhotonPersistentDiskVolumeSource
  pdID string required
  fsType string
PortworxVolumeSource
  volumeID string required
  fsType string
  readOnly bool
ScaleIOVolumeSource
  gateway string required
  system string required
  secretRef *LocalObjectReference required
  sslEnabled bool
  protectionDomain string
  storagePool string
  storageMode string
  volumeName string
  fsType string
  readOnly bool
StorageOSVolumeSource
  volumeName string
  volumeNamespace string
  fsType string
  readOnly bool
  secretRef *LocalObjectReference
EphemeralVolumeSource
  volumeClaimTemplate *PersistentVolumeClaimTemplate
PersistentVolumeClaimTemplate
  metadata ObjectMeta
  spec PersistentVolumeClaimSpec required
PersistentVolumeClaimSpec
  accessModes []string
  selector *LabelSelector
  resources VolumeResourceRequirements
  volumeName string
  storageClassName *string
  volumeMode *string
  dataSource *TypedLocalObjectReference
  dataSourceRef *TypedObjectReference
  volumeAttributesClassName *string
VolumeResourceRequirements
  limits {}Quantity
  requests {}Quantity
TypedLocalObjectReference
  apiGroup *string always
  kind string required
  name string required
TypedObjectReference
  apiGroup *string always
  kind string required
  name string required
  namespace *string
`;
