/** The README of the new project. */
import type { ResourceName } from '../src/strategies/strategy.ts';

export interface ReadmeFacts {
  readonly name: string;
  readonly strategy: string;
  /** Whether it serves on one thread only. */
  readonly isAlone: boolean;
  /** The source of the strategy's index.ts, whose head says what it is. */
  readonly strategySource: string;
  readonly resources: readonly ResourceName[];
  readonly document: OpenApi;
  /** As Markdown. */
  readonly settings: string;
  readonly folders: readonly string[];
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly summary: string }>>>>;
}

const about: Readonly<Record<ResourceName, string>> = {
  counters: 'counters, linearizable: every acknowledged increment counts exactly once',
  cache: 'a bounded read-through cache in front of the origin; concurrent misses of one key cause one load',
  connections: 'a map of connections with rooms, and WebSockets that join them on every thread',
  config: 'a config document, read and replaced as whole versions',
};

/** A request that shows that it works, after `/v1/{strategy}`. */
const tries: Readonly<Record<ResourceName, string>> = {
  counters: 'counters/hits/increment -X POST',
  cache: 'cache/doc-1',
  connections: `connections/me -X PUT -H 'content-type: application/json' -d '{"room":"lobby"}'`,
  config: 'config',
};

const folders: Readonly<Record<string, string>> = {
  'src/resources': 'what is shared: the contracts',
  'src/strategies': 'how it is shared, in the folder of the strategy, and what it is made of',
  'src/sync': 'the primitives; they know nothing of resources or HTTP',
  'src/origin': 'the slow dependency behind the state, and write-through',
  'src/render': 'documents as pages',
  'src/rooms': 'messages to WebSockets on every thread',
  'src/threads': 'the supervisor and the entries of its threads',
  'src/http': 'routes, problem documents, the OpenAPI document, the limits of the server and its end',
  'src/metrics': 'what Prometheus is told, and the log of requests',
  test: 'tests, in folders like those of the sources; `test/contracts` holds what each resource promises',
};

export function readme(facts: ReadmeFacts): string {
  const { name, strategy, isAlone, resources, document, settings } = facts;
  const { title, parts } = headOf(facts.strategySource);
  const [first] = resources;
  const [request, ...flags] = tries[first!].split(' ');
  return `# ${name}

An HTTP service on Node 26 ${isAlone ? 'that keeps its state on one thread' : 'whose threads share their state'}. It serves

${resources.map((resource) => `- ${about[resource]}`).join('\n')}

## Running it

\`\`\`sh
npm ci
npm start                                   # on http://127.0.0.1:3000
curl ${[`localhost:3000/v1/${strategy}/${request}`, ...flags].join(' ')}
docker compose up                           # in a container, with Redis as the origin
\`\`\`

Node 26 comes with \`npm ci\`, and runs the TypeScript as it is: there is no build.

## How the state is ${isAlone ? 'kept' : 'shared'}

${title}

${parts.map(([label, text]) => `- **${label}** ${text}`).join('\n')}

The code is in [src/strategies/${strategy}](src/strategies/${strategy}/index.ts), one file per resource. With \`WRITE_THROUGH=on\` a write is
acknowledged when the origin has stored it: the embedded one, in memory, or the Redis at \`REDIS_URL\`, from which
everything acknowledged is back after a restart.

## Requests

${endpoints(document)}

\`{strategy}\` is \`${strategy}\`. [docs/openapi.json](docs/openapi.json) has all of it; the running service has it at \`/openapi.json\`, with a page
to try it on at \`/docs\`. Every error is \`application/problem+json\` with a stable \`code\`, and a failed write says in \`outcome\`
whether it may have taken effect. A request that gets 4xx, 503 or 507 has changed nothing.

## Settings

Environment variables; a wrong one stops the start with all mistakes named. All of them, with their ranges, are in
[src/settings.ts](src/settings.ts).

${settings}

SIGTERM ends the service without cutting anybody off: readiness goes first, then connections are let go, then what is in
flight is answered. A thread that dies is replaced, and what it had begun is rolled back or completed by who comes next.

## Changing it

This project was taken out of one that compares ways of sharing state between threads. Where a comment speaks of its origin,
it means that project and its decision records.

| | |
|---|---|
| \`npm test\` | what a change needs, in minutes; \`npm run test:all\` has the long ones too. Those with Redis run where \`redis-server\` or \`valkey-server\` is installed |
| \`npm run typecheck\`, \`npm run lint\`, \`npm run format\` | |
| \`npm run openapi\` | writes [docs/openapi.json](docs/openapi.json) again; a test fails while it is old |

| folder | what is in it |
|---|---|
${Object.entries(folders)
  .filter(([folder]) => facts.folders.some((path) => path.startsWith(`${folder}/`)))
  .map(([folder, what]) => `| [${folder}](${folder}/) | ${what} |`)
  .join('\n')}

## License

[MIT](LICENSE)
`;
}

/** The comment at the head of a strategy: a sentence, then paragraphs that begin with a word such as "Cost:". */
function headOf(source: string): { readonly title: string; readonly parts: readonly (readonly [string, string])[] } {
  const lines = /\/\*\*\n([^]*?)\n \*\//
    .exec(source)![1]!
    .split('\n')
    .map((line) => line.replace(/^ \* ?/, ''));
  const paragraphs: string[] = [];
  for (const line of lines) {
    if (line === '' || /^(?:Guarantee|Cost|Use it|Not) ?/.test(line)) paragraphs.push('');
    if (line !== '') paragraphs.push(`${paragraphs.pop() ?? ''} ${line}`.trim());
  }
  const [title = '', ...rest] = paragraphs.filter((text) => text !== '');
  return {
    title,
    parts: rest.map((text) => {
      const [, label = '', more = ''] = /^(Guarantee:|Cost:|Use it|Not) ?(.*)$/.exec(text) ?? [undefined, '', text];
      return [label, more] as const;
    }),
  };
}

function endpoints({ paths }: OpenApi): string {
  const rows = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { summary }]) => `| \`${method.toUpperCase()} ${path}\` | ${summary} |`),
  );
  return ['| request | |', '|---|---|', ...rows].join('\n');
}
