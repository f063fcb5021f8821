/** How image events are worded (pkg/kubelet/images/image_manager.go). */
import type { ImageFacts } from '../../capabilities.ts';
import type { PullProgress } from './pull-queue.ts';

export const pulling = (image: string): string => `Pulling image "${image}"`;
export const present = (image: string): string => `Container image "${image}" already present on machine`;
export const neverPull = (image: string): string => `Container image "${image}" is not present with pull policy of Never`;
export const notForThisPod = (image: string): string =>
  `Container image "${image}" is present, but this pod has no credentials for it and a pull policy of Never`;
export const invalidName = (image: string): string =>
  `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format`;

export function pulled(image: string, facts: ImageFacts, tookMs: number, includingWaitingMs: number): string {
  const size = facts.sizeBytes === undefined ? '' : ` Image size: ${String(facts.sizeBytes)} bytes.`;
  return `Successfully pulled image "${image}" in ${goDuration(tookMs)} (${goDuration(includingWaitingMs)} including waiting).${size}`;
}

export function stillPulling(image: string, { text, currentBytes, totalBytes }: PullProgress): string {
  const bytes = currentBytes === undefined ? '' : ` (${mebibytes(currentBytes)}${totalBytes === undefined ? '' : ` of ${mebibytes(totalBytes)}`})`;
  return `Still pulling image "${image}": ${text}${bytes}`;
}

/** A duration of whole milliseconds as Go prints it: `350ms`, `1.5s`, `1m2.5s`, `1h0m0s`. */
export function goDuration(ms: number): string {
  const whole = Math.max(0, Math.trunc(ms));
  if (whole === 0) return '0s';
  if (whole < 1_000) return `${String(whole)}ms`;
  const hours = Math.trunc(whole / 3_600_000);
  const minutes = Math.trunc(whole / 60_000) % 60;
  const seconds = `${String((whole % 60_000) / 1_000)}s`;
  if (hours > 0) return `${String(hours)}h${String(minutes)}m${seconds}`;
  return minutes > 0 ? `${String(minutes)}m${seconds}` : seconds;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
