/** Something that was left behind, or that looks like it and is none of vick's business. */
export interface Leftover {
  readonly kind: 'pod-vm' | 'node' | 'lease' | 'certificate-requests' | 'journal' | 'container';
  /** What it is known by: `default/web-0`, `kubelet-web`, a file. */
  readonly name: string;
  readonly vch: string;
  readonly why: string;
  /** Id of a VM. */
  readonly id?: string;
  /** Removes it; undefined: it is only told of. Removing what is gone meanwhile is no error. */
  readonly remove?: (signal: AbortSignal) => Promise<void>;
}

/** Something that could not be looked at. */
export interface Unseen {
  readonly what: string;
  readonly why: string;
  /** It should have answered; false: nobody knows where it is. */
  readonly expected: boolean;
}

export interface Found {
  readonly leftovers: readonly Leftover[];
  readonly unseen: readonly Unseen[];
}
