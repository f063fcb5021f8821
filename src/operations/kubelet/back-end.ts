import type { PodProvider } from '../../kubelet/provider.ts';

/** What a kubelet runs its pods on, and how it begins and ends. */
export interface BackEnd {
  /** One, or as many as the process carries. */
  readonly nodes: readonly { readonly nodeName: string; readonly provider: PodProvider }[];
  /** For the first line of the log. */
  readonly facts: Readonly<Record<string, string>>;
  /** Resolves once the back end can be used; rejects with KUBELET_BACKEND for what cannot be waited for. */
  ready(signal: AbortSignal): Promise<void>;
  /** Closes connections; the pods go on running. */
  close(): void;
}
