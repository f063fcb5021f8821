/** A refusal of the Docker API: written as JSON, or as plain text for clients below version 1.24. */
export class DockerError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'DockerError';
    this.status = status;
  }
}

export function notYet(name: string, status = 500): DockerError {
  return new DockerError(status, `vSphere Integrated Containers does not yet implement ${name}`);
}
