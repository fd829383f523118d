import { beforeAll, describe, expect, it } from 'vitest';
import { textOf } from '../support/deployment.ts';
import { wantedBy } from '../support/promql.ts';
import { isServed, sharing } from '../support/served.ts';
import { startServiceUnderTest } from '../support/service.ts';

interface Target {
  readonly expr: string;
  readonly legendFormat?: string;
}

interface Dashboard {
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly query: { readonly query: string } }[];
  };
  readonly panels: readonly {
    readonly id: number;
    readonly type: string;
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly datasource?: { readonly uid: string };
    readonly targets?: readonly Target[];
  }[];
}

const dashboard = JSON.parse(textOf('deploy/grafana/dashboards/strategies.json')) as Dashboard;
const panels = dashboard.panels.filter(({ type }) => type !== 'row');
const expressions = panels.flatMap(({ title, targets = [] }) => targets.map((target) => ({ title, ...target })));

/** The labels of each metric in the text of `/metrics`; no labels of a metric without a sample. */
function metricsIn(text: string): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const line of text.split('\n')) {
    const [, type, name = '', labels = ''] = /^(?:# (TYPE) )?(\w+)(?:\{(.*)\})?/.exec(line) ?? [];
    if (type === undefined && line.startsWith('#')) continue;
    const known = found.get(name) ?? new Set();
    for (const [, label] of labels.matchAll(/(\w+)="/g)) known.add(label!);
    found.set(name, known);
  }
  return found;
}

/** Uses what each strategy has, so that every family has samples. */
async function useEverything(url: string): Promise<void> {
  const json = { 'content-type': 'application/json' };
  for (const { name } of sharing) {
    const base = `${url}/v1/${name}`;
    await fetch(`${base}/counters/k/increment`, { method: 'POST' });
    await fetch(`${base}/cache/doc-1`);
    await fetch(`${base}/connections/c`, { method: 'PUT', headers: json, body: '{"room":"r"}' });
  }
}

describe('the dashboard', () => {
  let served: Map<string, Set<string>>;

  beforeAll(async () => {
    // One thread: it tells what it saw of the locks when it is asked, others once a second.
    await using service = await startServiceUnderTest({ THREADS: '1' });
    await useEverything(service.url);
    served = metricsIn(await (await fetch(`${service.url}/metrics`)).text());
  });

  it.for(expressions)(
    '$title asks for metrics and labels that the service has: $expr',
    ({ expr, legendFormat = '' }) => {
      const wanted = wantedBy(expr);
      expect(wanted).not.toEqual([]);
      const shown = Array.from(legendFormat.matchAll(/\{\{(\w+)\}\}/g), ([, label]) => label!);
      for (const { metric, labels } of wanted) {
        expect([...served.keys()]).toContain(metric);
        const known = served.get(metric)!;
        // Without actor there is no mailbox, without snapshot no version: then nobody can tell the labels.
        if (labels.length > 0 && known.size === 0 && !allServed()) continue;
        expect([...new Set([...labels, ...shown])].filter((label) => !known.has(label))).toEqual([]);
      }
    },
  );

  it('shows every family of /metrics, or another of the same thing', () => {
    const shown = new Set(expressions.flatMap(({ expr }) => wantedBy(expr).map(({ metric }) => metric)));
    const families = [...served.keys()].filter((name) => name !== '' && !/_(?:sum|count)$/.test(name));
    const missing = families.filter((name) => !shown.has(name) && !shown.has(`${name}_bucket`));
    expect(missing).toEqual(['cache_entries']); // cache_bytes says how full it is
  });

  it('has a filter that lists what the service labels', () => {
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual(['strategy', 'route']);
    for (const { name, query } of dashboard.templating.list) {
      const [, expr, label] = /^label_values\((.*), (\w+)\)$/.exec(query.query)!;
      expect(label).toBe(name);
      for (const { metric, labels } of wantedBy(expr!)) {
        expect([...served.get(metric)!]).toEqual(expect.arrayContaining([...labels, label]));
      }
    }
  });

  it('has panels that do not overlap, each asking the provisioned data source', () => {
    const source = /uid: (\w+)/.exec(textOf('deploy/grafana/provisioning/datasources/prometheus.yaml'))![1];
    expect(new Set(panels.map(({ datasource }) => datasource?.uid))).toEqual(new Set([source]));
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });

  it('is checked by something that tells wrong from right', () => {
    expect(wantedBy('sum by (a) (rate(m{b="$c"}[$__rate_interval])) / n')).toEqual([
      { metric: 'm', labels: ['b', 'a'] },
      { metric: 'n', labels: [] },
    ]);
    expect(() => wantedBy('sum by (a) rate(m[1m]))')).toThrow('not PromQL');
    expect(metricsIn('# HELP m what\n# TYPE m gauge\nm{a="1",b="2"} 3\nn 4')).toEqual(
      new Map([
        ['m', new Set(['a', 'b'])],
        ['n', new Set()],
      ]),
    );
  });
});

/** Whether each strategy is there that alone has some family, and one with locks. */
function allServed(): boolean {
  return isServed('actor') && isServed('snapshot') && sharing.length > 2;
}
