/** What vSphere has of VCHs, through vic-machine. */
import type { VicTarget } from '../../clients/vic-machine/port.ts';
import type { VchListing } from '../../clients/vic-machine/ls-table.ts';
import { findVch } from '../vch/find-vch.ts';
import type { VchDeps } from '../vch/ports.ts';
import { openVicMachine } from '../vch/vic-session.ts';
import { ask, notAsked, type Part } from './part.ts';

export interface VSphereChoice {
  readonly target: VicTarget;
  readonly computeResource: string | undefined;
  readonly vicMachine: string | undefined;
}

export interface VSphereView {
  readonly listings: readonly VchListing[];
  /** Addresses of the one VCH that was asked for by name. */
  readonly inspected: InspectedAddresses | undefined;
}

interface InspectedAddresses {
  readonly name: string;
  readonly adminPortal: string | undefined;
  readonly publishedAddress: string | undefined;
  readonly dockerHost: string | undefined;
  /** Why inspect told nothing: the endpoint VM is off or has no address. */
  readonly problem: string | undefined;
}

/** Lists every VCH; with `name` its addresses as well. A string instead of a choice says why nobody is asked. */
export async function askVSphere(choice: VSphereChoice | string, name: string | undefined, deps: VchDeps, signal: AbortSignal): Promise<Part<VSphereView>> {
  if (typeof choice === 'string') return notAsked(choice);
  return ask(async () => {
    const { vic, query } = await openVicMachine(deps, choice.vicMachine);
    const listings = await vic.list(choice.target, { computeResource: choice.computeResource }, query(signal));
    const found = name === undefined ? undefined : findVch(listings, { name });
    if (found === undefined) return { listings, inspected: undefined };
    const seen = await ask(() => vic.inspect(choice.target, { id: found.id }, query(signal)), signal);
    const addresses = seen.state === 'ok' ? seen.value.addresses : undefined;
    return {
      listings,
      inspected: {
        name: found.name,
        adminPortal: addresses?.adminPortal,
        publishedAddress: addresses?.publishedAddress,
        dockerHost: addresses?.dockerEnv['DOCKER_HOST'],
        problem: seen.state === 'ok' ? undefined : seen.why,
      },
    };
  }, signal);
}

/** What vSphere has of the VCH of a node; an empty name: the node is none of a VCH. */
export function listingOf(vch: string, view: Part<VSphereView>): Part<VchListing> {
  if (view.state !== 'ok') return view;
  if (vch === '') return notAsked('it is no node of a VCH');
  const found = view.value.listings.find(({ name }) => name === vch);
  return found === undefined ? { state: 'failed', why: `there is no VCH ${vch}` } : { state: 'ok', value: found };
}
