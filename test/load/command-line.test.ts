import { describe, expect, it } from 'vitest';
import { parseCommandLine, served } from '../../load/command-line.ts';
import { UsageError } from '../../load/errors.ts';
import { profiles } from '../../load/profiles.ts';
import { helpText } from '../../load/help.ts';
import { workloads } from '../../load/workloads/index.ts';
import { candidates } from '../support/recorded.ts';

const known = { workloads, registry: candidates };
const parse = (...args: string[]) => parseCommandLine(args, known);

describe('the command line', () => {
  it('without flags asks for the quick comparison', () => {
    const { choice, help } = parse();
    expect(help).toBe(false);
    expect(choice.workloads.map(({ name }) => name)).toEqual(['counters-write-through', 'counters-held']);
    expect(choice).toMatchObject({
      profile: { name: 'quick' },
      strategies: [],
      origin: 'embedded',
      sloMs: 50,
      rounds: 1,
    });
    expect(choice.capacitySearches).toBe(0);
    expect(choice.threads).toBeGreaterThanOrEqual(2);
    expect(choice.ratePerSecond).toBeUndefined();
    expect(choice.keys).toBeUndefined();
  });

  it('takes every flag', () => {
    const { choice, k6, open } = parse(
      '--profile=standard',
      '--origin',
      'redis',
      '--arrivals',
      'even',
      '--slo',
      '20ms',
      '--capacity',
      '--sweep',
      'hold-us=500,0,50',
      '--open',
      '--workload',
      'counters-hot',
      '--strategy',
      'sync-lock,async-lock',
      '--strategy=single-thread',
      '--rate',
      '250',
      '--duration',
      '7.5s',
      '--keys',
      '1',
      '--rounds=3',
      '--seed',
      '42',
      '--k6',
      '/opt/k6',
      '--threads',
      '4',
    );
    expect(k6).toBe('/opt/k6');
    expect(open).toBe(true);
    expect(choice).toEqual({
      profile: profiles[1],
      origin: 'redis',
      arrivals: 'even',
      sloMs: 20,
      capacitySearches: 1,
      sweep: { name: 'hold-us', values: [0, 50, 500] },
      workloads: workloads.filter(({ name }) => name === 'counters-hot'),
      strategies: ['sync-lock', 'async-lock', 'single-thread'],
      ratePerSecond: 250,
      measureSeconds: 7.5,
      keys: 1,
      rounds: 3,
      seed: 42,
      threads: 4,
    });
  });

  it.for([
    [['--roundz', '3'], /unknown flag --roundz; known are .*--rounds/],
    [['-x'], /unknown flag -x/],
    [['quick'], /unexpected argument "quick"/],
    [['--rate'], /--rate needs a value/],
    [['--rate', '--rounds', '3'], /--rate needs a value/],
    [['--help=yes'], /--help takes no value/],
    [['--rate', '0'], /--rate "0": must be a whole number from 1 to 2000/],
    [['--rate', '12k'], /--rate "12k"/],
    [['--rate', '4000'], /--rate "4000"/],
    [['--duration', '5m'], /--duration "5m": must be seconds, such as 10 or 10s, from 1 to 600/],
    [['--keys', '0'], /--keys "0": must be a whole number from 1 to 1000/],
    [['--keys', '1001'], /--keys "1001"/],
    [['--rounds', '1.5'], /--rounds "1.5": must be a whole number from 1 to 50/],
    [['--seed', '-1'], /--seed "-1"/],
    [['--threads', '65'], /--threads "65": must be a whole number from 1 to 64/],
    [['--profile', 'fast'], /--profile "fast": must be one of quick, standard, full/],
    [['--origin', 'postgres'], /--origin "postgres": must be one of embedded, redis/],
    [['--slo', '0'], /--slo "0": must be milliseconds, such as 50 or 50ms, from 1 to 10000/],
    [['--capacity=yes'], /--capacity takes no value/],
    [['--sweep', 'cores=1,2'], /--sweep "cores=1,2": must be threads=1,2,4 or hold-us=1,2,4/],
    [['--sweep', 'threads=1,x'], /--sweep threads "x": must be a whole number from 1 to 64/],
    [['--sweep', 'threads=2,2'], /--sweep "threads=2,2": needs two values or more/],
    [['--sweep', 'threads=1,2', '--threads', '2'], /--threads and --sweep threads=… cannot be combined/],
    [['--aa', '--slowed'], /--aa and --slowed are two runs/],
    [['--aa', '--strategy', 'sync-lock,async-lock'], /--aa takes one --strategy/],
    [['--slowed', '--sweep', 'threads=1,2'], /--slowed and --sweep cannot be combined/],
    [['--workload', 'cache-stampede'], /--workload "cache-stampede": must be one or more of counters-write-through/],
    [['--workload', 'counters'], /--workload "counters": must be one or more of counters-write-through, counters-held/],
    [['--strategy', 'sync-lock,mutex'], /--strategy "mutex": must be one or more of sync-lock, async-lock/],
    [['--strategy', ''], /--strategy needs a value/],
  ] as const)('refuses %j and says what is allowed', ([args, message]) => {
    expect(() => parse(...args)).toThrow(UsageError);
    expect(() => parse(...args)).toThrow(message);
  });

  it('explains every flag, workload and strategy in --help', () => {
    expect(parse('-h').help).toBe(true);
    const help = helpText(known);
    const flags =
      'profile workload strategy origin rate duration keys threads slo capacity sweep rounds seed aa slowed open k6';
    for (const word of `${flags} help`.split(' ')) {
      expect(help).toContain(`--${word}`);
    }
    for (const { name } of [...served(workloads, candidates), ...candidates]) expect(help).toContain(name);
  });

  it('offers a workload once somebody serves all its resources', () => {
    const resources = workloads.flatMap((workload) => workload.resources);
    const everything = candidates.map((candidate) => ({ ...candidate, resources }));
    expect(served(workloads, everything)).toEqual(workloads);
    const names = served(workloads, candidates).map(({ name }) => name);
    expect(names).toContain('counters-hot');
    expect(names).not.toContain('mixed');
  });

  it('gives a trial rounds enough to claim something, and one workload', () => {
    const { choice } = parse('--aa');
    expect(choice).toMatchObject({ trial: 'aa', profile: { name: 'standard' }, rounds: 6 });
    expect(choice.workloads).toHaveLength(1);
  });
});
