import { formatBuild, parseBuild, type Build } from './build.ts';
import type { VchVm } from '../protocol.ts';

type Status = 'same' | 'upgradeable' | 'newer' | 'in-progress' | 'unknown';

/** Build numbers alone are compared (vmware/vic lib/install/interaction). */
function statusOf(vm: VchVm, installer: Build): Status {
  if (vm.updateInProgress) return 'in-progress';
  const own = parseBuild(vm.config.version);
  if (own === undefined) return 'unknown';
  if (own.number === installer.number) return 'same';
  return own.number < installer.number ? 'upgradeable' : 'newer';
}

/** For the last column of ls. */
export function shortStatus(vm: VchVm, installer: Build): string {
  switch (statusOf(vm, installer)) {
    case 'same':
      return 'Up to date';
    case 'upgradeable':
      return `Upgradeable to ${formatBuild(installer)}`;
    case 'newer':
      return 'VCH has newer version';
    case 'in-progress':
      return 'Upgrade in progress';
    case 'unknown':
      return `Unknown: invalid version ${vm.config.version}`;
  }
}

/** For inspect. */
export function longStatus(vm: VchVm, installer: Build): readonly string[] {
  switch (statusOf(vm, installer)) {
    case 'same':
      return ['Installer has same version as VCH', 'No upgrade available with this installer version'];
    case 'upgradeable':
      return ['Upgrade available'];
    case 'newer':
      return ['Installer has older version than VCH', 'No upgrade available with this installer version'];
    case 'in-progress':
      return ['Upgrade/configure in progress'];
    case 'unknown':
      return ['Unable to determine upgrade status'];
  }
}
