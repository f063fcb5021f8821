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

/** What the port layer refused, as the personality passes it on. */
export function portLayerSaid(message: string): DockerError {
  return new DockerError(500, `Server error from portlayer: ${message}`);
}

/** Words by which Docker's server guesses the status of an error that has none (docker/docker api/server/httputils/errors.go). */
const TELLING_WORDS: readonly (readonly [string, number])[] = [
  ['not found', 404],
  ['no such', 404],
  ['bad parameter', 400],
  ['no command', 400],
  ['conflict', 409],
  ['impossible', 406],
  ['wrong login/password', 401],
  ['unauthorized', 401],
  ["hasn't been activated", 403],
  ['this node', 503],
];

/** An error that came without a status. */
export function guessedStatus(message: string): DockerError {
  const text = message.toLowerCase();
  return new DockerError(TELLING_WORDS.find(([words]) => text.includes(words))?.[1] ?? 500, message);
}
