/** The page of a run: one file that needs nothing else, light or dark as its reader prefers. */
import { html, raw } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import { median } from 'simple-statistics';
import type { Pitfall, Version } from '../../src/pitfalls/pitfall.ts';
import { busyText, figureText, isShown, ratioText, type Finding, type Findings, type LabRun } from './findings.ts';
import { lessonOf, marked, type DiffLine } from './lesson.ts';
import { pageStyle } from './page-style.ts';

type Html = ReturnType<typeof html>;

/** The whole page. @param report relative address of a comparison's report, when there is one to link to */
export function pitfallsPage(run: LabRun, pitfalls: readonly Pitfall[], report?: string): string {
  const { cpu, cores, platform, node } = run.machine;
  const lessons = run.pitfalls.map((findings) => ({
    findings,
    pitfall: pitfalls.find(({ name }) => name === findings.pitfall)!,
  }));
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Mistakes in sharing state, measured</title>
        <style>
          ${raw(pageStyle)}
        </style>
      </head>
      <body>
        <header>
          <h1>Mistakes in sharing state, measured</h1>
          <p>
            Each mistake beside its fix, put through the same short run. Figures are medians of ${run.rounds} rounds.
            The ratio says how many times worse the broken version is, as the median over the rounds; “gone”: the fix
            leaves nothing of it. Counts are exact. Milliseconds and rates are of this machine at that moment: take
            nothing below a factor of 1.5 for a difference. ${busyText(run)}
          </p>
          <p class="origin">
            <code>${run.command}</code> · ${run.startedAt.slice(0, 16).replace('T', ' ')} UTC · ${cpu}, ${cores} cores,
            ${platform}, Node ${node}${run.status === 'complete' ? '' : ' · interrupted: not all were measured'}
          </p>
          ${report === undefined ? '' : html`<p><a href="${report}">The strategies under load: the last comparison’s report</a></p>`}
          ${contents(lessons)}
        </header>
        <main>${lessons.map(({ pitfall, findings }) => section(pitfall, findings))}</main>
      </body>
    </html> `;
  return (page as HtmlEscapedString).toString(); // it would be a promise only if a part were one
}

function contents(lessons: readonly { readonly pitfall: Pitfall; readonly findings: Findings }[]): Html {
  return html`<div class="scroll">
    <table class="summary">
      <thead>
        <tr>
          <th scope="col">mistake</th>
          <th scope="col">measured</th>
          <th scope="col">broken</th>
          <th scope="col">fixed</th>
          <th scope="col">ratio</th>
        </tr>
      </thead>
      <tbody>
        ${lessons.map(
          ({ pitfall, findings: { findings } }) =>
            html` <tr>
              <th scope="row"><a href="#${pitfall.name}">${pitfall.title}</a></th>
              ${cellsOf(findings[0]!)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function cellsOf(finding: Finding): Html {
  return html`<td>${finding.name}</td>
    <td class="figure">${figureText(finding, 'broken')}</td>
    <td class="figure">${figureText(finding, 'fixed')}</td>
    <td class="figure">${ratioText(finding)}</td>`;
}

function section(pitfall: Pitfall, findings: Findings): Html {
  const { name, title, symptom, why, fix, setting, embodied } = pitfall;
  return html` <section id="${name}">
    <h2>${title}</h2>
    <p class="symptom">${symptom}</p>
    ${isShown(findings) ? '' : html`<p class="unseen">In this run the broken version was no worse than its fix.</p>`}
    <h3>Measured</h3>
    <p>${setting}</p>
    ${findings.findings.map(bars)}
    <h3>Why it happens</h3>
    <p>${prose(why)}</p>
    <h3>The fix</h3>
    <p>${prose(fix)}</p>
    ${difference(lessonOf(name))}
    <p class="origin">
      In the service: <code>${embodied.path}</code>: ${embodied.how}. Again: <code>npm run pitfalls -- ${name}</code>
    </p>
  </section>`;
}

/** Two bars from zero, of which the longer one fills the width; the figure stands beside each. */
function bars(finding: Finding): Html {
  const longest = Math.max(...(['broken', 'fixed'] as const).map((version) => median([...finding[version]])));
  const bar = (version: Version): Html => {
    const share = longest === 0 ? 0 : median([...finding[version]]) / longest;
    return html` <div class="bar">
      <span class="version">${version}</span
      ><span class="track"><span class="${version}" style="width:${(share * 100).toFixed(2)}%"></span></span
      ><span class="figure">${figureText(finding, version)}</span>
    </div>`;
  };
  return html`<figure>
    <figcaption>${finding.name}, ${finding.better} is better: <strong>${ratioText(finding)}</strong></figcaption>
    ${bar('broken')}${bar('fixed')}
  </figure>`;
}

function difference(lines: readonly DiffLine[]): Html {
  return html`<pre tabindex="0">
${lines.map((line) => html`<span class="line ${line.kind}">${marked(line)} </span>`)}</pre>`;
}

/** Text in which backticks mean code. */
function prose(text: string): Html[] {
  return text.split('`').map((part, index) => (index % 2 === 0 ? html`${part}` : html`<code>${part}</code>`));
}
