/**
 * Preloaded into a service (`NODE_OPTIONS=--import=…`): each thread notes the id of every request whose headers it has
 * read, and leaves its notes in `WITNESS_FOLDER` as it ends. A client cannot know what was read of what it sent.
 */
import { subscribe } from 'node:diagnostics_channel';
import { writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { isMainThread, threadId } from 'node:worker_threads';

const { WITNESS_FOLDER: folder } = process.env;

if (!isMainThread && folder !== undefined) {
  const read: unknown[] = [];
  subscribe('http.server.request.start', (message) => {
    read.push((message as { request: IncomingMessage }).request.headers['x-request-id']);
  });
  process.on('exit', () => {
    if (read.length > 0) writeFileSync(join(folder, String(threadId)), read.join('\n'));
  });
}

/** The settings with which a service notes what it reads. */
export function withWitness(notes: string): Readonly<Record<string, string>> {
  return { NODE_OPTIONS: `--import=${import.meta.url}`, WITNESS_FOLDER: notes };
}

/** The ids of all requests whose headers were read. */
export async function readRequests(notes: string): Promise<ReadonlySet<string>> {
  const files = await Promise.all((await readdir(notes)).map((name) => readFile(join(notes, name), 'utf8')));
  return new Set(files.flatMap((text) => text.split('\n')));
}
