/** Runs once before all tests: says in one line that those with Redis will be skipped, where they will. */
import { redisMissing, redisProgram } from './redis-server.ts';

export default function setup(): void {
  if (redisProgram === undefined) console.warn(redisMissing);
}
