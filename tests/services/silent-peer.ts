import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** When a peer stops saying anything, as a stuck node does or a network that drops packets; the connection stays open. */
export const SILENCES = [
  'after accepting the connection',
  'before the answer',
  'in the middle of the answer',
] as const;
export type Silence = (typeof SILENCES)[number];

export type SilentPeer = {
  port: number;
  /** Connections so far. */
  readonly connections: number;
  /** From now on, for connections that are open as well. */
  fallSilent(when: Silence): void;
  stop(): Promise<void>;
};

/**
 * A peer that falls silent.
 *
 * @param as whom it speaks for until then: a real server on the loopback address, or one that would give this answer to whatever
 *   it is asked
 */
export async function startSilentPeer(
  as: { port: number } | { answer: string },
  first: Silence | null = null,
): Promise<SilentPeer> {
  let silence = first;
  let connections = 0;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    return socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    connections += 1;
    keep(client);
    let isCutOff = false;
    const say = (answer: Buffer) => {
      if (silence === null) client.write(answer);
      else if (silence === 'in the middle of the answer' && !isCutOff) {
        isCutOff = true;
        client.write(answer.subarray(0, Math.ceil(answer.length / 2)));
      }
    };
    const hears = () => silence === null || silence === 'in the middle of the answer';
    if ('answer' in as) {
      client.on('data', () => hears() && say(Buffer.from(as.answer)));
      return;
    }
    const real = keep(connect(as.port, '127.0.0.1'));
    client.on('data', (request) => hears() && real.write(request)).on('close', () => real.destroy());
    real.on('data', say).on('close', () => silence === null && client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    fallSilent(when) {
      silence = when;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
