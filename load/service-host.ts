/** Where the services of a comparison run, and where what they cost is read: this machine, or another that has an agent. */
import { describeMachine, type Machine } from './machine.ts';
import { MachineWatch, type MachineUse } from './machine-watch.ts';
import type { RunningOrigin } from './origin.ts';
import { startService } from './service.ts';

/** What a run asks for; everything else is the same for every run. */
export interface WantedService {
  readonly strategy: string;
  readonly threads: number;
  readonly environment: Readonly<Record<string, string>>;
  /** Another build than this one, with `--against`. */
  readonly build?: 'before' | undefined;
}

/** A service that answers, in a process of its own, watched from its start. Disposing it ends it. */
export interface HostedService extends AsyncDisposable {
  readonly url: string;
  /** Counts a process of this machine as part of the comparison: the generator's, where both share a machine. */
  include(pid: number): void;
  /** What the service and its machine did between two moments of this machine's clock. */
  use(fromUnixMs: number, toUnixMs: number): Promise<MachineUse>;
  /**
   * Ends the process and waits until it is gone.
   *
   * @throws {ServiceError} it had to be killed, or ended with another code than 0
   */
  stop(): Promise<void>;
}

/** Disposing it ends what it has started for all of its services. */
export interface ServiceHost extends AsyncDisposable {
  readonly machine: Machine;
  /** Whether that is another machine than this, where the generator runs. */
  readonly isRemote: boolean;
  /** What the services load from and store in, for the report. */
  readonly origin: string;
  /** @throws {ServiceError} it ended, or was not ready in time */
  start(wanted: WantedService, signal: AbortSignal): Promise<HostedService>;
}

interface LocalOptions {
  /** Those that every service has, unless its run says otherwise. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The program of the build that `--against` names, and the Node it brings. */
  readonly before?: { readonly entry: string; readonly node: string } | undefined;
}

/** This machine. @param entry the program of the service */
export function localHost(entry: string, origin: RunningOrigin, options: LocalOptions = {}): ServiceHost {
  return {
    machine: describeMachine(),
    isRemote: false,
    origin: origin.description,

    async start(wanted, signal) {
      const service = await startService({
        ...wanted,
        ...(wanted.build === 'before' ? options.before! : { entry }),
        environment: { ...options.settings, ...wanted.environment },
        redisUrl: origin.redis?.url,
        signal,
      });
      const watch = new MachineWatch([service.pid, ...(origin.redis === undefined ? [] : [origin.redis.pid])]);
      return {
        url: service.url,
        include: (pid) => watch.include(pid),
        use: async (fromUnixMs, toUnixMs) => watch.between(fromUnixMs, toUnixMs),
        stop: () => service.stop(),
        async [Symbol.asyncDispose]() {
          watch[Symbol.dispose]();
          await service[Symbol.asyncDispose]();
        },
      };
    },

    [Symbol.asyncDispose]: () => origin[Symbol.asyncDispose](),
  };
}
