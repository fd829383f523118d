/**
 * Colours and marks. A strategy has a mark as well as a colour, so that nobody has to tell colours apart. The hues are
 * those of Okabe and Ito, darkened or lightened for contrast on either background.
 *
 * Plots are drawn in the light colours; a style sheet turns each into its dark counterpart, so one drawing serves both.
 */

export const light = {
  ink: '#1f2328',
  muted: '#59616b',
  grid: '#dfe3e8',
  zone: '#eef1f4',
  paper: '#fffffe',
} as const;

const dark: Record<keyof typeof light, string> = {
  ink: '#e8eaed',
  muted: '#a9b1ba',
  grid: '#373d46',
  zone: '#262b32',
  paper: '#16191d',
};

export interface Mark {
  readonly colour: string;
  readonly symbol: string;
  readonly dash: 'solid' | 'dashed' | 'dotted';
}

const hues: readonly (readonly [onLight: string, onDark: string])[] = [
  ['#0069a6', '#5fb0e8'],
  ['#c84e00', '#ff8f52'],
  ['#00855f', '#35c79b'],
  ['#a3478b', '#e095ca'],
  ['#8a6400', '#e3b341'],
  ['#454c55', '#c6ccd3'],
  ['#2f8fc4', '#8fd0f5'],
  ['#7a5c52', '#cfae9f'],
];
const symbols = [
  'circle',
  'rect',
  'triangle',
  'diamond',
  'path://M-1 -0.87L1 -0.87L0 0.87Z', // a triangle on its point
  'path://M-1 0L-0.5 -0.87L0.5 -0.87L1 0L0.5 0.87L-0.5 0.87Z', // a hexagon
  'path://M0 -1L0.3 -0.3L1 0L0.3 0.3L0 1L-0.3 0.3L-1 0L-0.3 -0.3Z', // a star
  'path://M-1 -0.4L-0.4 -0.4L-0.4 -1L0.4 -1L0.4 -0.4L1 -0.4L1 0.4L0.4 0.4L0.4 1L-0.4 1L-0.4 0.4L-1 0.4Z', // a cross
];

/** The parts of a request, from the one that hurts to the one that is nobody's fault. */
export const partColours = { wait: '#c84e01', hold: '#d9a300', origin: '#0069a7', rest: '#c9ced5' } as const;
const partColoursDark: Record<keyof typeof partColours, string> = {
  wait: '#ff8f53',
  hold: '#f0c94a',
  origin: '#5fb0e9',
  rest: '#4a515b',
};

/** The mark of the candidate at a place in the list; after the hues are used up they come again with other dashes. */
export function markAt(index: number): Mark {
  const turn = Math.floor(index / hues.length);
  return {
    colour: hues[index % hues.length]![0],
    symbol: symbols[index % symbols.length]!,
    dash: (['solid', 'dashed', 'dotted'] as const)[turn % 3]!,
  };
}

/** The rules that make the plots below `scope` dark. */
export function darkPlotRules(scope: string): string {
  const pairs = [
    ...(Object.keys(light) as (keyof typeof light)[]).map((name) => [light[name], dark[name]] as const),
    ...hues,
    ...(Object.keys(partColours) as (keyof typeof partColours)[]).map(
      (name) => [partColours[name], partColoursDark[name]] as const,
    ),
  ];
  return pairs
    .flatMap(([from, to]) => [`${scope} [fill="${from}"]{fill:${to}}`, `${scope} [stroke="${from}"]{stroke:${to}}`])
    .join('\n');
}

/** For the page's own colours. */
export const pageColours = { light, dark };
