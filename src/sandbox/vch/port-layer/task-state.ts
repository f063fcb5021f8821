/** What a handle's snapshot tells of a task. */
export interface TaskState {
  readonly state: 'created' | 'running' | 'stopped' | 'failed';
  readonly exitCode: number;
  /** Why it could not be launched. */
  readonly error: string | undefined;
}
