import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { Random } from '../../platform/random.ts';
import type { Authorizer } from './authz/attributes.ts';
import type { Registry } from './registry.ts';
import type { RequestContext, TokenGrant, UserInfo } from './resource.ts';
import type { ObjectStore } from './store/object-store.ts';

/** What every handler works with. */
export interface Engine {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly store: ObjectStore;
  readonly registry: Registry;
  readonly caCertificate: string;
  readonly authorizer: Authorizer;
  readonly mintToken: (grant: TokenGrant) => string;
  /** The context in which definitions run for a request of `user`. */
  readonly contextFor: (user: UserInfo, dryRun?: boolean) => RequestContext;
}

/** The control plane's own controllers act as this user. */
export const SYSTEM_USER: UserInfo = { username: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };
