/**
 * Preloaded into a service (`NODE_OPTIONS=--import=…`): its wall clock can be set, for all of its threads, those that start
 * later included. Main is told by how much on a socket of the file system.
 */
import { connect, createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';

const { WALL_CLOCK_SOCKET: path } = process.env;
const KEY = 'wall-clock';

if (path !== undefined) {
  if (isMainThread) setEnvironmentData(KEY, new SharedArrayBuffer(8)); // threads are given it when they start
  const offsetMs = new Float64Array(getEnvironmentData(KEY) as unknown as SharedArrayBuffer);
  const { now } = Date;
  Date.now = () => now() + offsetMs[0]!;
  if (isMainThread) serve(path, offsetMs);
}

/** The environment of a service whose wall clock can be set. @param environment what it is started with otherwise */
export function withWallClock(
  socket: string,
  environment: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const options = `${environment['NODE_OPTIONS'] ?? ''} --import=${import.meta.url}`.trim();
  return { ...environment, NODE_OPTIONS: options, WALL_CLOCK_SOCKET: socket };
}

/** Sets the wall clock of a service that was started `withWallClock`; resolves when all of its threads go by it. */
export async function setWallClock(socket: string, offsetMs: number): Promise<void> {
  const connection = connect(socket);
  connection.write(String(offsetMs));
  const answer = await text(connection);
  if (answer !== 'set') throw new Error(`the wall clock was not set: ${answer}`);
}

function serve(socketPath: string, offsetMs: Float64Array): void {
  const set = (socket: Socket): void =>
    void socket.once('data', (sent) => {
      offsetMs[0] = Number(sent);
      socket.end('set');
    });
  createServer(set).listen(socketPath).unref();
}
