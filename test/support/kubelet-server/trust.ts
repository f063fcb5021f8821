import type { AccessQuestion, KubeletTrust, SigningRequest, UserInfo } from '../../../src/kubelet/trust.ts';

/** Users, tokens and permissions in memory; counts what it is asked. */
export class MemoryTrust implements KubeletTrust {
  readonly tokens = new Map<string, UserInfo>();
  /** `user verb subresource` that is allowed; `*` for any verb and subresource. */
  readonly grants = new Set<string>();
  readonly asked: string[] = [];
  readonly requests = new Map<string, { readonly pem: string; readonly usages: readonly string[]; answer: SigningRequest }>();
  down = false;
  ca: string | undefined;
  /** Called with every request for a certificate. */
  onRequest: (name: string, pem: string) => void = () => undefined;

  reviewToken(token: string): Promise<UserInfo | undefined> {
    this.asked.push('token');
    return this.answer(() => this.tokens.get(token));
  }

  reviewAccess({ user, verb, subresource }: AccessQuestion): Promise<boolean> {
    this.asked.push(`${user.username} ${verb} ${subresource}`);
    return this.answer(() => this.grants.has(`${user.username} *`) || this.grants.has(`${user.username} ${verb} ${subresource}`));
  }

  clientCa(): Promise<string | undefined> {
    this.asked.push('client-ca');
    return this.answer(() => this.ca);
  }

  requestServingCertificate({ pem, usages }: { readonly pem: string; readonly usages: readonly string[] }): Promise<string> {
    return this.answer(() => {
      const name = `csr-${String(this.requests.size + 1)}`;
      this.requests.set(name, { pem, usages, answer: { name, certificate: undefined, refused: undefined } });
      this.onRequest(name, pem);
      return name;
    });
  }

  getSigningRequest(name: string): Promise<SigningRequest | undefined> {
    return this.answer(() => this.requests.get(name)?.answer);
  }

  private answer<T>(make: () => T): Promise<T> {
    return this.down ? Promise.reject(new Error('the API server does not answer')) : Promise.resolve().then(make);
  }
}
