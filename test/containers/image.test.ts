/**
 * What a daemon would do, without one: the Dockerfile's steps run in empty folders, the service is started there with
 * the image's command and environment, asked by its health check, and ended by a signal. Not seen by this: the base
 * image, the user, and a root file system that is really read-only. The workflow's job `image` sees those.
 */
import { exec, execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { environmentOf, lastStep, stages, textOf, type Stage, type Step } from '../support/deployment.ts';
import { anyStrategy } from '../support/served.ts';
import { type ServiceUnderTest, startServiceUnderTest } from '../support/service.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));
const BUILD_TIMEOUT_MS = 60_000;
const image = stages().at(-1)!;

/** Node 26, which is that of the base image, before what else the machine has. */
const PATH = [dirname(process.execPath), process.env['PATH']].join(delimiter);

/** The root of each stage's file system, by the stage's name; that of the image is the last. */
const roots = new Map<string | undefined, string>();
let base: string;

/** The files that .dockerignore lets through: the names behind `!`. */
const context = new Set(
  textOf('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1)),
);

async function copy({ rest, flags }: Step, workdir: string): Promise<void> {
  const names = rest.split(/\s+/);
  const target = names.pop()!;
  for (const name of names) {
    const { from: stage } = flags;
    if (stage === undefined && !context.has(name)) throw new Error(`.dockerignore keeps ${name} away`);
    const from = join(stage === undefined ? project : roots.get(stage)!, name);
    const into = join(workdir, target.endsWith('/') ? join(target, basename(name)) : target);
    await cp(from, into, { recursive: true });
  }
}

/** Runs the steps of a stage; what only changes how the image is started changes nothing here. */
async function build({ name, steps }: Stage): Promise<string> {
  const root = join(base, name ?? 'image');
  roots.set(name, root);
  let workdir = root;
  for (const step of steps) {
    if (step.keyword === 'WORKDIR') await mkdir((workdir = join(root, step.rest)), { recursive: true });
    if (step.keyword === 'COPY') await copy(step, workdir);
    if (step.keyword === 'RUN') {
      // A mounted cache is npm's own here, so that what `npm ci` has fetched for the tests is not fetched again.
      const env = { ...process.env, PATH, NODE_ENV: 'production', npm_config_prefer_offline: 'true' };
      await promisify(exec)(step.rest, { cwd: workdir, env, maxBuffer: 2 ** 24 });
    }
  }
  return workdir;
}

let workdir: string;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'shared-state-image-'));
  for (const stage of stages()) workdir = await build(stage);
}, BUILD_TIMEOUT_MS);

afterAll(() => rm(base, { recursive: true, force: true }));

function start(): Promise<ServiceUnderTest> {
  const [, ...args] = JSON.parse(lastStep(image, 'CMD').rest) as string[];
  // HOME and TMPDIR are nowhere: what writes to either fails.
  const settings = { ...environmentOf(image), PORT: '0', HOME: '/nonexistent', TMPDIR: '/nonexistent', THREADS: '2' };
  return startServiceUnderTest(settings, { args, cwd: workdir });
}

async function checkHealth(port: string): Promise<void> {
  const [, ...args] = JSON.parse(lastStep(image, 'HEALTHCHECK').rest.replace(/^CMD\s+/, '')) as string[];
  await promisify(execFile)(process.execPath, args, { env: { ...environmentOf(image), PORT: port } });
}

it('serves from what was copied, is healthy, writes nothing, and ends with 0 on SIGTERM', async () => {
  const before = await readdir(workdir, { recursive: true });
  await using service = await start();
  const { port } = new URL(service.url);
  await checkHealth(port);

  const accept = 'text/html';
  for (const path of ['/readyz', '/metrics', '/docs', '/openapi.json', `/v1/${anyStrategy.name}/cache/doc-1`]) {
    const { status } = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { accept, connection: 'close' } });
    expect([path, status]).toEqual([path, 200]);
  }
  expect(await service.stop()).toBe(0);
  expect(await readdir(workdir, { recursive: true })).toEqual(before);
  await expect(checkHealth(port)).rejects.toMatchObject({ code: 1 });
});

it('has neither tools of development nor source maps', async () => {
  expect((await readdir(workdir)).toSorted()).toEqual(['LICENSE', 'node_modules', 'package.json', 'src']);
  const files = await readdir(join(workdir, 'node_modules'), { recursive: true });
  expect(files.filter((file) => file.endsWith('.map') || /^(?:typescript|vitest|node)\//.test(file))).toEqual([]);
  expect(files.length).toBeGreaterThan(100);
});
