import { describe, expect, it } from 'vitest';
import { parseCommandLine } from '../../load/command-line.ts';
import { UsageError } from '../../load/errors.ts';
import { helpText } from '../../load/help.ts';
import { workloads } from '../../load/workloads.ts';
import { candidates } from '../support/recorded.ts';

const known = { workloads, registry: candidates };
const parse = (...args: string[]) => parseCommandLine(args, known);

describe('the command line', () => {
  it('without flags asks for the quick comparison', () => {
    const { choice, help } = parse();
    expect(help).toBe(false);
    expect(choice.workloads.map(({ name }) => name)).toEqual(['counters-write-through', 'counters-hot']);
    expect(choice).toMatchObject({ strategies: [], rounds: 1 });
    expect(choice.threads).toBeGreaterThanOrEqual(2);
    expect(choice.ratePerSecond).toBeUndefined();
    expect(choice.keys).toBeUndefined();
  });

  it('takes every flag', () => {
    const { choice, k6 } = parse(
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
    expect(choice).toEqual({
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
    [['--workload', 'counters'], /--workload "counters": must be one or more of counters-write-through, counters-hot/],
    [['--strategy', 'sync-lock,mutex'], /--strategy "mutex": must be one or more of sync-lock, async-lock/],
    [['--strategy', ''], /--strategy needs a value/],
  ] as const)('refuses %j and says what is allowed', ([args, message]) => {
    expect(() => parse(...args)).toThrow(UsageError);
    expect(() => parse(...args)).toThrow(message);
  });

  it('explains every flag, workload and strategy in --help', () => {
    expect(parse('-h').help).toBe(true);
    const help = helpText(known);
    for (const word of 'workload strategy rate duration keys rounds seed k6 threads help'.split(' ')) {
      expect(help).toContain(`--${word}`);
    }
    for (const { name } of [...workloads, ...candidates]) expect(help).toContain(name);
  });
});
