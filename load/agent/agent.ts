/** The agent from end to end: flags → server → sessions, until it is interrupted. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { isIP, type AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { createAdaptorServer } from '@hono/node-server';
import { messageOf, UsageError } from '../errors.ts';
import { integerOf } from '../flags.ts';
import { startOrigin } from '../origin.ts';
import { localHost } from '../service-host.ts';
import { agentApp } from './app.ts';
import { Sessions } from './sessions.ts';

export interface AgentSurroundings {
  /** The program of the service. */
  readonly serviceEntry: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
}

const DEFAULT_PORT = 7777;
const LEAST_TOKEN = 16;

const help = `npm run compare:agent -- [flags]

Starts and stops services for a comparison whose k6 runs on another machine, which asks with

  AGENT_TOKEN=… npm run compare -- --agent http://THIS-MACHINE:${DEFAULT_PORT}

  --host ADDRESS    where the agent and its services listen; default 127.0.0.1. The services serve whoever reaches
                    them there, so open it in a network of your own only
  --port N          the agent's port, default ${DEFAULT_PORT}; 0 picks one. Services take any free port
  -h, --help        this text

AGENT_TOKEN is what the comparison must know, at least ${LEAST_TOKEN} characters; without it one is drawn and printed.
One comparison at a time, one service at a time; both end when the comparison is silent for two minutes. Ctrl-C ends all.`;

/** Runs the agent that `args` ask for until `signal`, and returns the exit code. */
export async function agent(args: readonly string[], surroundings: AgentSurroundings): Promise<number> {
  const { serviceEntry, signal, print, printError } = surroundings;
  try {
    const options = optionsOf(args, surroundings.environment);
    if (options === 'help') {
      print(help);
      return 0;
    }
    const { host, port, token, drawn } = options;
    await using sessions = new Sessions(
      async (origin) => localHost(serviceEntry, await startOrigin(origin, signal), { settings: { HOST: host } }),
      (text) => print(`${new Date().toISOString()} ${text}`),
    );
    const server = createAdaptorServer({ fetch: agentApp(token, sessions).fetch });
    server.listen({ host, port });
    await once(server, 'listening');
    const { port: chosen } = server.address() as AddressInfo;
    print(`the agent listens on http://${isIP(host) === 6 ? `[${host}]` : host}:${chosen}`);
    if (drawn) print(`AGENT_TOKEN=${token}`);
    if (!signal.aborted) await once(signal, 'abort');
    const closed = once(server, 'close');
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
    await closed;
    return 0;
  } catch (error) {
    printError(messageOf(error));
    return error instanceof UsageError ? 2 : 1;
  }
}

type Options = { readonly host: string; readonly port: number; readonly token: string; readonly drawn: boolean };

function optionsOf(args: readonly string[], environment: NodeJS.ProcessEnv): Options | 'help' {
  const { values } = flagsIn(args);
  if (values.help) return 'help';
  const given = environment['AGENT_TOKEN'];
  if (given !== undefined && !/^[\w.~+/-]+=*$/u.test(given)) {
    throw new UsageError('AGENT_TOKEN may have letters, digits and -._~+/ only, since it travels in a header');
  }
  if (given !== undefined && given.length < LEAST_TOKEN) {
    throw new UsageError(`AGENT_TOKEN has ${given.length} characters; it needs ${LEAST_TOKEN}`);
  }
  return {
    host: values.host ?? '127.0.0.1',
    port: integerOf('port', values.port, { least: 0, most: 65_535 }) ?? DEFAULT_PORT,
    token: given ?? randomBytes(24).toString('base64url'),
    drawn: given === undefined,
  };
}

function flagsIn(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { host: { type: 'string' }, port: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
  } catch (error) {
    throw new UsageError(`${messageOf(error)}\n${help}`, { cause: error });
  }
}
