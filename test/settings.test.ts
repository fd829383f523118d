import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readSettings, settingNames, SettingsError } from '../src/settings.ts';
import { strategies } from '../src/strategies/index.ts';
import { anyStrategy } from './support/served.ts';

function mistakes(environment: Record<string, string>): readonly string[] {
  try {
    readSettings(environment);
  } catch (error) {
    if (error instanceof SettingsError) return error.mistakes;
    throw error;
  }
  return [];
}

describe('settings', () => {
  it('has the defaults of the contract', () => {
    expect(readSettings({})).toMatchObject({
      HOST: '127.0.0.1',
      PORT: 3000,
      CONTROLS: false,
      WRITE_THROUGH: false,
      ORIGIN_LATENCY_MS: 5,
      ORIGIN_TIMEOUT_MS: 1000,
      ORIGIN_DOCUMENTS: 10_000,
      LOCK_TIMEOUT_MS: 2000,
      REQUEST_TIMEOUT_MS: 5000,
      HOLD_US: 0,
      COUNTERS_CAPACITY: 65_536,
      CACHE_MEMORY_MB: 32,
      CACHE_TTL_MS: 30_000,
      RENDER: 'pool',
      SHUTDOWN_TIMEOUT_MS: 10_000,
      SERVER_TIMING: false,
      LOG_LEVEL: 'info',
    });
    expect(readSettings({}).THREADS).toBeGreaterThanOrEqual(2);
    expect(readSettings({}).STRATEGIES).toEqual(
      strategies.filter(({ kind }) => kind === 'strategy').map(({ name }) => name),
    );
  });

  it('are all in the tables of the contract', () => {
    const page = readFileSync(new URL('../docs/http-api.md', import.meta.url), 'utf8');
    const rows = Array.from(page.matchAll(/^\| (`[A-Z_`, ]+) \|/gm), ([, names]) => names!).join();
    expect(settingNames.filter((name) => !rows.includes(`\`${name}\``))).toEqual([]);
  });

  it('names all mistakes at once, each with its variable, its limit and the bad value', () => {
    const found = mistakes({
      PORT: '70000',
      THREADS: 'many',
      CONTROLS: 'yes',
      STRATEGIES: `${anyStrategy.name},nothing`,
    });
    expect(found).toHaveLength(4);
    expect(found.join('\n')).toMatch(/PORT: must be a whole number from 0 to 65535, not "70000"/);
    expect(found.join('\n')).toMatch(/THREADS: .* not "many"/);
    expect(found.join('\n')).toMatch(/CONTROLS: must be "on" or "off", not "yes"/);
    expect(found.join('\n')).toMatch(/STRATEGIES: must list some of .*, not ".*,nothing"/);
    expect(found.join('\n')).toContain(anyStrategy.name);
  });

  it.each(['1.5', '-1', '0x10', '1e3', ' 5', 'Infinity'])('refuses %j as a whole number', (value) => {
    expect(mistakes({ PORT: value })).toHaveLength(1);
  });

  it.each(['redis://h', 'redis://:secret@h:6380/2', 'rediss://h', 'redis://[::1]:1', '/run/redis/redis.sock'])(
    'takes %j for a Redis',
    (REDIS_URL) => expect(readSettings({ REDIS_URL })).toMatchObject({ REDIS_URL, REDIS_NAMESPACE: 'shared-state' }),
  );

  it.each([
    'h:6379',
    '6379',
    'http://h',
    'redis://',
    'redis://h/two',
    'redis://h?enableOfflineQueue=true',
    '//h',
    '/s?db=1',
  ])('does not take %j for a Redis, nor repeats it, for it may hold a password', (REDIS_URL) => {
    const [mistake] = mistakes({ REDIS_URL });
    expect(mistake).toMatch(/^REDIS_URL: must be redis:\/\/.*, not "…"$/);
  });

  it.each(['a:b', 'a b', 'ä', 'x'.repeat(65)])('refuses %j as a namespace', (REDIS_NAMESPACE) => {
    expect(mistakes({ REDIS_NAMESPACE })).toHaveLength(1);
  });

  it('takes an empty variable for one that is not set', () => {
    expect(readSettings({ PORT: '', ADMIN_TOKEN: '' })).toMatchObject({ PORT: 3000 });
  });

  it.for(strategies.filter(({ needs }) => needs === 'redis'))('refuses $name without a Redis', ({ name }) => {
    expect(mistakes({ STRATEGIES: name })).toEqual([`STRATEGIES: ${name} needs REDIS_URL`]);
    expect(readSettings({ STRATEGIES: name, REDIS_URL: 'redis://localhost' }).STRATEGIES).toEqual([name]);
  });

  it.for(strategies.filter(({ threads }) => threads === 1))('refuses more than one thread for $name', ({ name }) => {
    expect(mistakes({ STRATEGIES: name, THREADS: '2' })[0]).toMatch(
      /shares nothing between threads and needs THREADS=1/,
    );
    expect(mistakes({ STRATEGIES: name, THREADS: '1' })).toEqual([]);
  });
});
