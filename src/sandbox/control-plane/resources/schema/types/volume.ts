/** Volumes of a pod (k8s.io/api/core/v1). The notation is described in ../notation.ts. */
export const volumeTypes = `
Volume
  name string required
  hostPath *HostPathVolumeSource
  emptyDir *EmptyDirVolumeSource
  gcePersistentDisk *GCEPersistentDiskVolumeSource
  awsElasticBlockStore *AWSElasticBlockStoreVolumeSource
  gitRepo *GitRepoVolumeSource
  secret *SecretVolumeSource
  nfs *NFSVolumeSource
  iscsi *ISCSIVolumeSource
  glusterfs *GlusterfsVolumeSource
  persistentVolumeClaim *PersistentVolumeClaimVolumeSource
  rbd *RBDVolumeSource
  flexVolume *FlexVolumeSource
  cinder *CinderVolumeSource
  cephfs *CephFSVolumeSource
  flocker *FlockerVolumeSource
  downwardAPI *DownwardAPIVolumeSource
  fc *FCVolumeSource
  azureFile *AzureFileVolumeSource
  configMap *ConfigMapVolumeSource
  vsphereVolume *VsphereVirtualDiskVolumeSource
  quobyte *QuobyteVolumeSource
  azureDisk *AzureDiskVolumeSource
  photonPersistentDisk *PhotonPersistentDiskVolumeSource
  projected *ProjectedVolumeSource
  portworxVolume *PortworxVolumeSource
  scaleIO *ScaleIOVolumeSource
  storageos *StorageOSVolumeSource
  csi *CSIVolumeSource
  ephemeral *EphemeralVolumeSource
  image *ImageVolumeSource
HostPathVolumeSource
  path string required
  type *string
EmptyDirVolumeSource
  medium string
  sizeLimit *Quantity
  mode *int32
SecretVolumeSource
  secretName string
  items []KeyToPath
  defaultMode *int32
  optional *bool
  defaultUser *int64
NFSVolumeSource
  server string required
  path string required
  readOnly bool
PersistentVolumeClaimVolumeSource
  claimName string required
  readOnly bool
DownwardAPIVolumeSource
  items []DownwardAPIVolumeFile
  defaultMode *int32
  defaultUser *int64
ConfigMapVolumeSource
  name string
  items []KeyToPath
  defaultMode *int32
  optional *bool
  defaultUser *int64
ProjectedVolumeSource
  sources []VolumeProjection always
  defaultMode *int32
  defaultUser *int64
CSIVolumeSource
  driver string required
  readOnly *bool
  fsType *string
  volumeAttributes {}string
  nodePublishSecretRef *LocalObjectReference
ImageVolumeSource
  reference string
  pullPolicy string
KeyToPath
  key string required
  path string required
  mode *int32
  user *int64
DownwardAPIVolumeFile
  path string required
  fieldRef *ObjectFieldSelector
  resourceFieldRef *ResourceFieldSelector
  mode *int32
  user *int64
VolumeProjection
  secret *SecretProjection
  downwardAPI *DownwardAPIProjection
  configMap *ConfigMapProjection
  serviceAccountToken *ServiceAccountTokenProjection
  clusterTrustBundle *ClusterTrustBundleProjection
  podCertificate *PodCertificateProjection
ObjectFieldSelector
  apiVersion string
  fieldPath string required
ResourceFieldSelector
  containerName string
  resource string required
  divisor Quantity
SecretProjection
  name string
  items []KeyToPath
  optional *bool
DownwardAPIProjection
  items []DownwardAPIVolumeFile
ConfigMapProjection
  name string
  items []KeyToPath
  optional *bool
ServiceAccountTokenProjection
  audience string
  expirationSeconds *int64
  path string required
  user *int64
ClusterTrustBundleProjection
  name *string
  signerName *string
  labelSelector *LabelSelector
  optional *bool
  path string required
  user *int64
PodCertificateProjection
  signerName string
  keyType string
  maxExpirationSeconds *int32
  credentialBundlePath string
  keyPath string
  certificateChainPath string
  userAnnotations {}string
  user *int64
`;
