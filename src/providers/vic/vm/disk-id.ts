/** Unique in the VCH: for its files a disk is found by the end of its name (vmware/vic lib/portlayer/storage/container). */
export function deltaId(vmId: string, index: number): string {
  return `${vmId}-${String(index)}`;
}
