import type { CertificatePair } from './certificates.ts';

/** A control plane that the sandbox runs, embedded or real: what the rest of the sandbox needs to know of it. */
export interface SandboxCluster {
  readonly kind: 'embedded' | 'real';
  /** `https://127.0.0.1:PORT` */
  readonly server: string;
  /** `v1.36.0` */
  readonly version: string;
  /** Kubeconfig text of an administrator (system:masters), self-contained. */
  readonly adminKubeconfig: string;
  /** Which controllers run inside already; the sandbox runs stand-ins for the others. */
  readonly brings: { readonly scheduler: boolean; readonly controllerManager: boolean };
  /** What signs client and serving certificates where no controller manager does. */
  readonly authority: CertificatePair | undefined;
  stop(): Promise<void>;
}
