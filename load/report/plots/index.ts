/** The plots, in the order in which the report shows them. A further one is a line here. */
import type { Results } from '../../results-file.ts';
import type { Analysis } from '../../statistics/analysis.ts';
import type { Plot } from '../chart.ts';
import { overTime, percentileCurves, throughputOverSweep } from './curves.ts';
import { bystanderDots, capacityDots, p99Dots, throughputDots } from './dots.ts';
import { p99OverRate } from './p99-over-rate.ts';
import { p99OverUtilisation } from './p99-over-utilisation.ts';
import { roundsStrip } from './rounds.ts';
import { subjectsOf, type Draw } from './subject.ts';
import { whatWaits } from './waits.ts';

/** A part of the report with its plots. */
export interface PlotSection {
  readonly title: string;
  readonly plots: readonly Plot[];
  /** It stands before the tables: it shows what they cannot. */
  readonly leads?: true;
}

const sections: readonly (Omit<PlotSection, 'plots'> & { readonly draws: readonly Draw[] })[] = [
  { title: 'p99 against utilisation', draws: [p99OverUtilisation], leads: true },
  { title: 'The sweep', draws: [throughputOverSweep] },
  { title: 'p99 against the offered rate', draws: [p99OverRate] },
  {
    title: 'How much, how fast, how steady',
    draws: [capacityDots, throughputDots, p99Dots, percentileCurves, overTime, bystanderDots, roundsStrip],
  },
  { title: 'What waits', draws: [whatWaits] },
];

/** Sections without a plot are left out. */
export function plotSections(results: Results, analysis: Analysis): PlotSection[] {
  const subjects = subjectsOf(results, analysis);
  return sections.flatMap(({ draws, ...section }) => {
    const plots = subjects.flatMap((subject) => draws.flatMap((draw) => draw(subject) ?? []));
    return plots.length === 0 ? [] : [{ ...section, plots }];
  });
}
