/** Proof of the config: versions without gaps, doubles or steps back. */
import { z } from 'zod';
import { burst, jsonOf, request } from './requests.ts';
import { outcomesOf, proofOf } from './tallies.ts';
import type { Proof, Seen, Target } from './workload.ts';

/**
 * The load writes too rarely for two writes to meet. After it, this many meet on purpose: without them a service that
 * loses versions would pass.
 */
const BURST = 48;

const document = z.object({ version: z.int() });

export async function proveConfig(target: Target, { tallies, lines }: Seen): Promise<Proof> {
  const answers = await burst(BURST, (index) =>
    request(target, '/config', {
      method: 'PUT',
      headers: { 'content-type': 'application/json', 'if-match': '*' },
      body: JSON.stringify({ values: { burst: index } }),
    }),
  );
  const inBurst = await Promise.all(
    answers.flatMap(async (answer) => document.safeParse(await answer.json()).data?.version),
  );
  const inLoad = versionsIn(lines);
  const { version: last } = document.parse(await jsonOf(target, '/config'));
  const writes = outcomesOf(tallies, 'config_writes');
  const unanswered = inBurst.filter((version) => version === undefined).length;
  const proof = configProof({
    acknowledged: [...inLoad, ...inBurst.filter((version) => version !== undefined)],
    unknown: writes.unknown + unanswered,
    last,
    wentBack: tallies['version_went_back'] ?? 0,
  });
  return proofOf(tallies, proof.broken, proof.statement);
}

/** The versions that the script wrote down, one for each write that was acknowledged. */
export function versionsIn(lines: readonly string[]): number[] {
  return lines.flatMap((line) => {
    const version = /^config version (\d+)$/u.exec(line.trim())?.[1];
    return version === undefined ? [] : [Number(version)];
  });
}

/** What the answers to all writes say. The first document is version 1, and every write makes the next. */
export function configProof(versions: {
  readonly acknowledged: readonly number[];
  /** Writes without a definite answer: each may have made a version that nobody was told of. */
  readonly unknown: number;
  readonly last: number;
  /** How often a reader was given an older version than before. */
  readonly wentBack: number;
}): Pick<Proof, 'holds' | 'broken' | 'statement'> {
  const distinct = new Set(versions.acknowledged);
  const doubled = versions.acknowledged.length - distinct.size;
  const outside = [...distinct].filter((version) => version < 2 || version > versions.last).length;
  const gaps = Math.max(0, versions.last - 1 - (distinct.size - outside) - versions.unknown);
  const broken = doubled + outside + gaps + versions.wentBack;
  const counted = `${versions.acknowledged.length.toLocaleString('en-US')} writes acknowledged`;
  return {
    holds: broken === 0,
    broken,
    statement:
      broken === 0
        ? `${counted}, versions 2 to ${versions.last} each made once, none went back`
        : `${counted}; ${doubled} versions made twice, ${gaps + outside} missing, ${versions.wentBack} times an older one read`,
  };
}
