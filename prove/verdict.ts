/** What a proof ends with. Only what is proved replaces the evidence that is there. */
import { writeFile } from 'node:fs/promises';

/** `void`: too little happened, or too much noise was in it, to say anything. */
export type Verdict = 'proved' | 'refuted' | 'void';

const exitCodes: Readonly<Record<Verdict, number>> = { proved: 0, refuted: 1, void: 3 };

export interface Page {
  readonly title: string;
  readonly verdict: Verdict;
  /** Why it is so, as a sentence. */
  readonly because: string;
  readonly body: string;
}

export function evidenceFile(name: string): URL {
  return new URL(`../docs/evidence/${name}`, import.meta.url);
}

/**
 * Prints the page, the verdict first, and writes it where it is proved.
 *
 * @param evidence where to; undefined: it is only printed
 * @returns the exit code
 */
export async function conclude({ title, verdict, because, body }: Page, evidence: URL | undefined): Promise<number> {
  const text = `# ${title}\n\n**${verdict.toUpperCase()}**: ${because}\n\n${body.trimEnd()}\n`;
  console.log(`\n${text}`);
  if (evidence !== undefined && verdict === 'proved') await writeFile(evidence, text);
  else if (evidence !== undefined) console.log('No evidence is written: what is there stays.');
  console.log(verdict.toUpperCase());
  return exitCodes[verdict];
}
