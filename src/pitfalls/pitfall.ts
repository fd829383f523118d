/** What every pitfall consists of: two versions of one small file, words for the reader, and a measurement of both. */

export type Version = 'broken' | 'fixed';

/** One figure that both versions are measured by. */
export interface Measure {
  /** As a column would be headed. */
  readonly name: string;
  readonly unit: string;
  readonly better: 'lower' | 'higher';
}

/** A mistake that people make, next to its fix. `broken.ts` and `fixed.ts` stand beside the file that says this. */
export interface Pitfall<Name extends string = string> {
  /** The name of its folder, and what the command line calls it. */
  readonly name: string;
  /** The mistake, in a few words. */
  readonly title: string;
  /** What a user, or whoever is on call, sees. */
  readonly symptom: string;
  readonly why: string;
  readonly fix: string;
  /** Where the fix is at work in the service: a strategy, as a rule. */
  readonly embodied: { readonly name: string; readonly path: string; readonly how: string };
  /** What is done to both versions. */
  readonly setting: string;
  /** The first one is the symptom: in it the broken version is worse, or the run shows nothing. */
  readonly measures: Readonly<Record<Name, Measure>>;
  /** Puts one version through the same short run. */
  measure(version: Version): Promise<Readonly<Record<Name, number>>>;
}
