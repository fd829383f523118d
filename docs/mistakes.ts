/**
 * Fills docs/mistakes.md: words and code from src/pitfalls, figures from the committed run of the lab. `npm run readme`
 * does it again; `npm run pitfalls -- --evidence` does it with new figures.
 */
import { readFileSync } from 'node:fs';
import { busyText, figureText, ratioText, type LabRun } from '../bench/pitfalls/findings.ts';
import { lessonOf, marked } from '../bench/pitfalls/lesson.ts';
import { markdownTable } from '../bench/report.ts';
import { pitfalls } from '../src/pitfalls/index.ts';

const evidence = new URL('./evidence/pitfalls.json', import.meta.url);

/** The page with every generated part made anew. */
export function filledMistakes(page: string, run: LabRun): string {
  return page
    .replaceAll(/<!-- pitfall:(\S+) -->[\s\S]*?<!-- end -->/gu, (_, name: string) =>
      [`<!-- pitfall:${name} -->`, lessonText(name, run), '<!-- end -->'].join('\n'),
    )
    .replaceAll(/<!-- run -->[\s\S]*?<!-- end -->/gu, () => ['<!-- run -->', runText(run), '<!-- end -->'].join('\n'));
}

/** The committed run that the page's figures are from. */
export function committedRun(): LabRun {
  return JSON.parse(readFileSync(evidence, 'utf8')) as LabRun;
}

function lessonText(name: string, run: LabRun): string {
  const pitfall = pitfalls.find((known) => known.name === name)!;
  const { findings } = run.pitfalls.find((measured) => measured.pitfall === name)!;
  const { symptom, why, fix, setting, embodied } = pitfall;
  const rows = findings.map((finding) => [
    finding.name,
    figureText(finding, 'broken'),
    figureText(finding, 'fixed'),
    ratioText(finding),
  ]);
  return [
    `**Symptom.** ${symptom}`,
    `**Why.** ${why}`,
    `**Fix.** ${fix}`,
    `\`\`\`diff\n${lessonOf(name).map(marked).join('\n')}\n\`\`\``,
    `**Measured.** ${setting}`,
    markdownTable([['', 'broken', 'fixed', 'ratio'], ...rows]),
    `Both files: [${name}](../src/pitfalls/${name}/). In the service, [${embodied.name}](../${embodied.path}): ${embodied.how}.`,
  ].join('\n\n');
}

function runText(run: LabRun): string {
  const { command, machine, rounds } = run;
  return `<sub>\`${command}\` on ${machine.cores} cores (${machine.cpu}), Node ${machine.node}, ${rounds} rounds; in [evidence/pitfalls.json](evidence/pitfalls.json). ${busyText(run)}</sub>`;
}
