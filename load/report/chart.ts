/** ECharts drawn on the server: options in, one small SVG out, which needs no script and no network. */
import * as echarts from 'echarts';
import { wholeText } from '../format.ts';
import { darkPlotRules, light, type Mark } from './palette.ts';

/** A drawing, for the page and as a file of its own. */
export interface Plot {
  /** Of the file, without its ending. */
  readonly name: string;
  readonly title: string;
  /** What to look for. */
  readonly caption: string;
  readonly svg: string;
}

/** Drawn at the width of a phone: a wide page shows several side by side instead of larger ones. */
const WIDTH = 420;

/** Without quotes: it goes into attributes. */
const FONT = 'system-ui, -apple-system, Roboto, Arial, sans-serif';
const text = { color: light.muted, fontFamily: FONT, fontSize: 12 };

export const axisStyle = {
  axisLine: { lineStyle: { color: light.muted } },
  axisTick: { lineStyle: { color: light.muted } },
  axisLabel: { ...text, hideOverlap: true },
  nameTextStyle: text,
  splitLine: { lineStyle: { color: light.grid } },
  minorSplitLine: { show: false },
} as const;

export const labelStyle = text;

export interface Drawing {
  readonly name: string;
  readonly height: number;
  readonly option: echarts.EChartsOption;
}

/** The SVG of a drawing. Its ids carry its name, so that many of them can stand on one page. */
export function svgOf({ name, height, option }: Drawing): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  try {
    chart.setOption({ animation: false, textStyle: text, ...option });
    return chart
      .renderToSVGString()
      .replaceAll(/ (?:ecmeta_\w+|pointer-events|class|baseProfile|xmlns:xlink|version)="[^"]*"/gu, '')
      .replaceAll(/<style\s*>[\s\S]*?<\/style>/gu, '')
      .replaceAll(/\bzr\d+-/gu, `${name}-`)
      .replace(/^<svg width="\d+" height="\d+"/u, '<svg role="img"')
      .replaceAll(/\n+/gu, '\n');
  } finally {
    chart.dispose();
  }
}

/** The same as a file: with a background and the dark colours of its own. */
export function standaloneSvg({ svg, title }: Plot): string {
  const style = `<style>\n@media (prefers-color-scheme:dark){\n${darkPlotRules('svg')}\n}\n</style>`;
  const ground = `<rect width="100%" height="100%" fill="${light.paper}"/>`;
  return svg.replace(/^(<svg[^>]*>)/u, `$1\n<title>${escaped(title)}</title>\n${style}\n${ground}`);
}

export function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

const LEGEND_ROW = 20;

/** As many rows as the names need at this width, at the foot of the drawing. */
export function legendFor(names: readonly string[]): { option: echarts.LegendComponentOption; height: number } {
  const wide = names.reduce((sum, name) => sum + 44 + name.length * 6.6, 0);
  const rows = Math.max(1, Math.ceil(wide / (WIDTH - 30)));
  return {
    option: { bottom: 0, left: 'center', itemGap: 12, itemWidth: 22, itemHeight: 9, textStyle: text, data: [...names] },
    height: rows * LEGEND_ROW + 8,
  };
}

/** How a series looks: its mark, filled or, where it is not to be relied on, hollow. */
export function seriesStyle({ colour, symbol, dash }: Mark): object {
  return {
    symbol,
    symbolSize: 8,
    showSymbol: true,
    emphasis: { disabled: true },
    itemStyle: { color: colour },
    lineStyle: { color: colour, width: 2, type: dash },
  };
}

export function hollow({ colour }: Mark): object {
  return { color: light.paper, borderColor: colour, borderWidth: 2 };
}

/** Labels of an axis: no more digits than the tick has. */
export function milliseconds(value: number): string {
  return value >= 10 ? wholeText(value) : String(Number(value.toPrecision(2)));
}

export function thousands(value: number): string {
  return value >= 10_000 ? `${wholeText(value / 1000)}k` : wholeText(value);
}

/** A logarithmic axis where the values need one; else one from 0, on which lengths can be compared. */
export function axisFor(least: number, most: number): { type: 'log' | 'value'; min: number; max: number } {
  if (most / least < LOG_FROM_FACTOR) return { type: 'value', min: 0, max: niceBound(most, 'above') };
  return { type: 'log', min: niceBound(least, 'below'), max: niceBound(most, 'above') };
}

const LOG_FROM_FACTOR = 8;

/** A step of 1, 2 or 5 times a power of ten, at or beyond the value. */
export function niceBound(value: number, towards: 'below' | 'above'): number {
  if (!(value > 0)) return 1;
  const decade = 10 ** Math.floor(Math.log10(value));
  const steps = [1, 2, 5, 10].map((step) => step * decade);
  return towards === 'above'
    ? steps.find((step) => step >= value * 0.999)!
    : steps.findLast((step) => step <= value * 1.001)!;
}
