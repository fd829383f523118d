/** Where the figures come from, as pairs of name and text. */
import { durationText, msText, wholeText } from '../format.ts';
import type { Machine } from '../machine.ts';
import type { Results } from '../results-file.ts';
import type { LoadProfile } from '../scenarios/profile.ts';

export function factsOf(results: Results): (readonly [name: string, text: string])[] {
  const { machine, generatorMachine, k6, calibration, startedAt, endedAt, cells, capacities } = results;
  const repeated = cells.reduce((sum, { attempts }) => sum + attempts - 1, 0);
  const took = (Date.parse(endedAt) - Date.parse(startedAt)) / 1000;
  return [
    ['Command', results.command],
    ['Date', `${startedAt.slice(0, 16).replace('T', ' ')} UTC, ${durationText(took)}`],
    ['Runs', `${cells.length} of ${results.plannedRuns}, ${results.status}; ${repeated} repeated`],
    ...(capacities.length === 0
      ? []
      : [
          [
            'Capacity searches',
            `${capacities.length}, ${capacities.reduce((sum, { probes }) => sum + probes.length, 0)} probes`,
          ] as const,
        ]),
    [
      'Profile',
      `${results.profile}, ${results.rounds} ${results.rounds === 1 ? 'round' : 'rounds'}, seed ${results.seed}`,
    ],
    ...(cells.length === 0 ? [] : [['Load', loadText(cells)] as const]),
    [generatorMachine === undefined ? 'Machine' : 'Machine of the service', machineText(machine)],
    ...(generatorMachine === undefined ? [] : [['Machine of k6', machineText(generatorMachine)] as const]),
    ['Versions', `Node ${machine.node}, k6 ${k6.version} (${k6.source})`],
    ['Service', `${results.threads} HTTP threads, origin: ${results.origin}, SERVER_TIMING=on`],
    ...(calibration === undefined
      ? []
      : [
          [
            'Generator',
            `on time up to ${wholeText(calibration.limitPerSecond)}/s${calibration.reliable ? '' : ' (not even that)'}; /healthz p50 ${msText(calibration.floorP50Ms)} ms, p99 ${msText(calibration.floorP99Ms)} ms, closed loop ${wholeText(calibration.ceilingPerSecond)}/s; bystander alone p99 ${msText(calibration.idleBystanderP99Ms)} ms`,
          ] as const,
        ]),
  ];
}

/** How long each part of a run was; the cost is measured after it, by its own warm-up. */
function loadText(cells: Results['cells']): string {
  const part = (of: (profile: LoadProfile) => number): string => {
    const seconds = cells.map(({ profile }) => of(profile));
    const [least, most] = [Math.min(...seconds), Math.max(...seconds)].map((value) => Number(value.toFixed(1)));
    return least === most ? `${least} s` : `${least} to ${most} s`;
  };
  return `${part(({ warmupSeconds }) => warmupSeconds)} of warm-up, ${part(({ measureSeconds }) => measureSeconds)} measured, ${part(({ closedSeconds }) => closedSeconds)} of closed loop`;
}

function machineText({ cpu, cores, memoryGb, platform }: Machine): string {
  return `${cpu}, ${cores} cores, ${memoryGb} GB, ${platform}`;
}
