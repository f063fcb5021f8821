import type { ImageFacts } from '../../capabilities.ts';

/** An entry of `node.status.images`. */
export interface NodeImage {
  readonly names: string[];
  readonly sizeBytes: number;
}

/** Defaults of nodeStatusMaxImages and MaxNamesPerImageInNodeStatus (pkg/kubelet/nodestatus/setters.go). */
const MAX_IMAGES = 50;
const MAX_NAMES = 5;

/** What a Node tells of its images: the largest first, digests before tags; images without a name are left out. */
export function nodeImages(images: readonly ImageFacts[]): readonly NodeImage[] {
  const named = images.flatMap(({ digests, tags, sizeBytes = 0 }) => {
    const names = [...new Set([...digests, ...tags])].slice(0, MAX_NAMES);
    return names.length === 0 ? [] : [{ names, sizeBytes }];
  });
  // By name among equals, so that the same images always make the same status.
  return named.sort((a, b) => b.sizeBytes - a.sizeBytes || ((a.names[0] ?? '') < (b.names[0] ?? '') ? -1 : 1)).slice(0, MAX_IMAGES);
}
