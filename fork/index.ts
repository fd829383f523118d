/** `npm run fork`: a project of its own, with one strategy and some of the resources. */
import '../src/node-version.mjs';
import { fileURLToPath } from 'node:url';
import { strategies } from '../src/strategies/index.ts';
import { isOffered, parseCommandLine, UsageError, type CommandLine } from './command-line.ts';
import { writeProject } from './project.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

const help = `Writes a project with one strategy and some of the resources: sources, tests, container, workflow, README.

  npm run fork -- --strategy sharded --resources counters,cache --out ../my-service

  --strategy   ${strategies
    .filter(isOffered)
    .map(({ name }) => name)
    .join(', ')}
  --resources  some of ${Object.keys(strategies[0]!.cells).join(', ')}, separated by commas; all of them if not given
  --out        a folder that is empty or not there yet
  --name       the name in package.json; the folder's if not given
  --help       this
`;

const chosen = chosenOrExit();
await writeProject(root, chosen, strategies);
process.stdout.write(`${chosen.name} is in ${chosen.out}\n\n  cd ${chosen.out}\n  npm ci\n  npm test\n  npm start\n`);

function chosenOrExit(): CommandLine {
  try {
    const commandLine = parseCommandLine(process.argv.slice(2), strategies);
    if (commandLine !== undefined) return commandLine;
    process.stdout.write(help);
    process.exit(0);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.mistakes.map((line) => `${line}\n`).join('')}\nnpm run fork -- --help says more.\n`);
    process.exit(2);
  }
}
