/** Refuses writes that the origin could not take, before they change anything: the same for every strategy. */
import { memoryOnly, type WriteThrough } from '../origin/write-through.ts';
import type { Call } from '../resources/call.ts';
import type { ResourceName } from '../strategies/strategy.ts';

/** What a resource's methods change. */
const changes: { readonly [Name in ResourceName]?: Readonly<Record<string, 'write' | 'deletion'>> } = {
  counters: { increment: 'write', compareAndSet: 'write', delete: 'deletion' },
  connections: { register: 'deletion', leave: 'deletion' }, // time deletes what nobody does
  config: { replace: 'write' },
};

/** No request has so long: this is the service itself, which closes what ended anyway. */
const BACKGROUND_MS = 86_400_000;

type Method = (...args: unknown[]) => unknown;

/** Puts the check in front of the methods of `resource` that write. */
export function limitWrites(resource: object, name: ResourceName, writeThrough: WriteThrough): void {
  if (writeThrough === memoryOnly) return;
  const methods = resource as Record<string, Method>;
  for (const [key, change] of Object.entries(changes[name] ?? {})) {
    const method = methods[key]!.bind(resource);
    methods[key] = (...args) => {
      const { remainingMs } = args.at(-1) as Pick<Call, 'remainingMs'>;
      if (remainingMs < BACKGROUND_MS) writeThrough.assertTakes(change);
      return method(...args);
    };
  }
}
