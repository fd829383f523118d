/** The sources of the service with one strategy and some resources, and the tests that go with them. */
import { globSync } from 'node:fs';
import type { ResourceName } from '../src/strategies/strategy.ts';
import { namesIn, ofPrimitives, speaksOfNone, spokenOf, spokenOfPrimitives, spokenOfThreads } from './belongings.ts';
import { withoutLostComments } from './comments.ts';
import { moved, withMovedPaths } from './moves.ts';
import { parseModule } from './module.ts';
import { withoutMentions, withoutWords } from './mentions.ts';
import { pruned } from './prune.ts';
import { Reach } from './reach.ts';
import { withoutUnusedSettings } from './settings.ts';
import { Sources } from './sources.ts';
import { TestChoice } from './tests.ts';

export interface Choice {
  /** What `npm run` knows in the new project. */
  readonly commands: ReadonlySet<string>;
  readonly strategy: string;
  /** Whether it serves on one thread only. */
  readonly isAlone: boolean;
  /** All that there are. */
  readonly strategies: readonly string[];
  readonly resources: readonly ResourceName[];
  readonly otherResources: readonly ResourceName[];
}

export interface ServiceSources {
  /** Texts by path. */
  readonly files: ReadonlyMap<string, string>;
  /** Files and folders that are read at run time. */
  readonly assets: ReadonlySet<string>;
  /** Environment variables that the service reads. */
  readonly settings: ReadonlySet<string>;
}

const REGISTRY = 'src/strategies/index.ts';
const SETTINGS = 'src/settings.ts';
/** Says which writes meet faults. */
const FAULTS = 'src/http/openapi/operations/admin.ts';
/** The test that knows the defaults of the settings. */
const DEFAULTS = 'test/settings.test.ts';

const entries = ['src/main.ts', 'docs/openapi.ts'];
/** What tests use besides the sources and each other. */
const helpers = [
  'docs/openapi.ts',
  'docs/openapi.json',
  // The deliberately broken strategy breaks what is made of these.
  'src/strategies/counter-table.ts',
  'src/strategies/config-register.ts',
  'src/sync/sync-mutex.ts',
  ...moved.keys(),
];
/** Of this project, not of the service. */
const noTestsOfTheService =
  /^test\/(?:deletion|readme|fork\/|containers\/|examples\/|load\/|sync\/peer-)|-proof\.|\/soak/;

export function serviceSources(root: string, choice: Choice): ServiceSources {
  const known = {
    commands: choice.commands,
    otherStrategies: choice.strategies.filter((name) => name !== choice.strategy),
    cell: `${choice.strategy}/${choice.resources[0]}`,
  };
  const sources = new Sources(root, (path, text) => edited(path, text, choice));
  const service = reached(sources, entries);
  const { text, kept, unused } = withoutUnusedSettings(SETTINGS, sources, service);
  sources.replace(SETTINGS, text);
  const defaults = sources.text(DEFAULTS);
  const untold = unused.filter((name) => new RegExp(`\\b${name}: `).test(defaults));
  if (untold.length > 0) sources.replace(DEFAULTS, withoutMentions(DEFAULTS, defaults, untold));

  const serving = reached(sources, entries);
  const words = wordsOf(choice, serving);
  for (const [primitive, names] of Object.entries(ofPrimitives)) {
    if (serving.has(primitive)) continue;
    for (const [path, gone] of Object.entries(names)) {
      sources.replace(path, withoutMentions(path, sources.text(path), gone));
    }
  }
  const tests = new TestChoice(sources, serving, { words, helpers });
  const chosen = new Map(
    globSync('test/**/*.test.ts', { cwd: root })
      .filter((path) => !noTestsOfTheService.test(path))
      .toSorted()
      .flatMap((path) => {
        const rest = tests.keep(path);
        return rest === undefined ? [] : [[path, rest]];
      }),
  );
  for (const [path, rest] of chosen) sources.replace(path, rest);

  const roots = [...entries, 'vitest.config.ts', ...[...chosen.keys()].filter((path) => !isOfSupport(path))];
  const used = reached(sources, roots);
  const ofSupport = [...chosen.keys()].filter((path) => isOfSupport(path) && used.has(path.replace('.test.', '.')));
  const all = reached(sources, [...roots, ...ofSupport]);
  const files = new Map<string, string>();
  for (const path of all.statements.keys()) {
    const rest = parseModule(path, pruned(sources.module(path), all));
    const commented = parseModule(path, withoutLostComments(rest, known));
    files.set(moved.get(path) ?? path, withMovedPaths(commented, sources));
  }
  return { files, assets: all.assets, settings: kept };
}

/** A test of what tests use, which goes along where they do. */
function isOfSupport(path: string): boolean {
  return path.startsWith('test/support/');
}

function reached(sources: Sources, paths: Iterable<string>): Reach {
  const reach = new Reach(sources);
  for (const path of paths) reach.take(path, '*');
  return reach;
}

/** A file without what belongs to the other strategies and resources. */
function edited(path: string, text: string, { strategy, strategies, otherResources }: Choice): string {
  const others = strategies.filter((name) => name !== strategy);
  if (path === REGISTRY) return withoutMentions(path, text, importedFrom(path, text, others));
  if (path === FAULTS && otherResources.includes('counters')) return text.replace('writes of counters', 'writes');
  if (path === `src/strategies/${strategy}/index.ts`) return withoutMentions(path, text, otherResources);
  const names = namesIn(path, otherResources);
  const rest = names.length === 0 ? text : withoutMentions(path, text, names);
  return path.startsWith('test/support/') || path.startsWith('test/contracts/')
    ? withoutWords(path, rest, others)
    : rest;
}

/** What the registry imports from the folders of some strategies. */
function importedFrom(path: string, text: string, strategies: readonly string[]): string[] {
  const { imports } = parseModule(path, text);
  return Array.from(imports, ([name, { source }]) => (strategies.includes(source.split('/')[1]!) ? name : [])).flat();
}

function wordsOf({ strategy, isAlone, strategies, otherResources }: Choice, service: Reach) {
  const others = strategies.filter((name) => name !== strategy);
  const primitives = Object.entries(spokenOfPrimitives).filter(([path]) => !service.has(path));
  return [
    ...otherResources.map((name) => ({ word: spokenOf[name], except: speaksOfNone })),
    ...primitives.map(([, word]) => ({ word })),
    ...(isAlone ? [{ word: spokenOfThreads, except: /^test\/support\/served\./ }] : []),
    { word: new RegExp(`['"\`/](?:${others.join('|')})['"\`/]`) },
  ];
}
