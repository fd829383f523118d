/** How a proof behaves as a command: its numbers, its help, and what it says of a wrong flag. */

import { parseArgs } from 'node:util';

/** The flags of a proof that goes by rounds. */
export interface RoundsPlan {
  readonly rounds: number;
  readonly seed: number;
  readonly evidence: boolean;
}

/** @throws {TypeError} a flag is wrong */
export function roundsPlan(args: readonly string[], defaultRounds: number): RoundsPlan {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: String(defaultRounds) },
      seed: { type: 'string', default: '1' },
      evidence: { type: 'boolean', default: false },
    },
  });
  return {
    rounds: positive('--rounds', values.rounds),
    seed: positive('--seed', values.seed),
    evidence: values.evidence,
  };
}

/** @throws {TypeError} it is none */
export function positive(flag: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  throw new TypeError(`${flag} must be a positive integer, not "${text}"`);
}

/** Runs `main` for its exit code. With `--help` it prints `help` instead; a `TypeError` is a wrong flag, and ends with 2. */
export async function runCommand(help: string, main: () => Promise<number>): Promise<void> {
  try {
    if (process.argv.includes('--help')) console.log(help);
    else process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(`${error.message}\n\n${help}`);
    process.exitCode = 2;
  }
}
