/** What a suite is, and what it hands back. Knows nothing of what is measured. */

export interface Suite {
  /** As in `--only`. */
  readonly name: string;
  /** One sentence: what is measured against what. */
  readonly summary: string;
  run(options: SuiteOptions): Promise<SuiteResult>;
}

export interface SuiteOptions {
  /** How often everything is measured; a ratio is taken within each round. */
  readonly rounds: number;
  /** Length of one measurement. */
  readonly seconds: number;
  /** Decides the order within the rounds. */
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Says what is being done. */
  progress(text: string): void;
}

/** One subject under one load, measured once a round. */
export interface Series {
  readonly subject: string;
  readonly load: string;
  readonly unit: string;
  /** One value per round; undefined where it could not be measured. */
  readonly values: readonly (number | undefined)[];
}

/** Two series divided round by round. */
export interface Ratio {
  readonly name: string;
  readonly values: readonly (number | undefined)[];
  /** The least that its median should be; a ratio without a goal is shown for what it explains. */
  readonly goal?: number;
  /** The most that its median should be, where less is better. */
  readonly atMost?: number;
}

export interface SuiteResult {
  /** What it was measured with: generator, threads, connections. */
  readonly setup: Readonly<Record<string, string>>;
  readonly series: readonly Series[];
  readonly ratios: readonly Ratio[];
  /** How to read the figures. */
  readonly notes: readonly string[];
  /** What makes the figures void: a wrong count, an error answer. */
  readonly failures: readonly string[];
  /** Why nothing could be measured here, and what to do about it. */
  readonly skipped?: string;
}
