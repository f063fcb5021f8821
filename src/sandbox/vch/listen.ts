import type { Server as HttpServer } from 'node:http';
import type { Server as NetServer } from 'node:net';

/** Resolves when the server listens; rejects when it cannot (EADDRINUSE, EADDRNOTAVAIL …). */
export async function listen(server: NetServer, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Stops listening and cuts every connection. */
export async function closeServer(server: NetServer & Partial<Pick<HttpServer, 'closeAllConnections'>>): Promise<void> {
  if (!server.listening) return;
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections?.();
  });
}
