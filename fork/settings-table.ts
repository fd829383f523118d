/** The settings of the service as its README lists them: rows of this project's own table. */

/** What is said differently where there is one strategy, and no other page to look at. */
const meanings: Readonly<Record<string, string>> = {
  CONTROLS: 'serve `reset` and `faults`, for tests',
  ADMIN_TOKEN: 'bearer token of `recover`, `reset` and `faults`, which are not there without one',
  WRITE_THROUGH: 'acknowledge a write only when the origin has stored it',
  SHARDS: 'shards, each with a lock of its own',
  CACHE_TTL_MS: 'time to live of a cached document',
  CONNECTION_TTL_MS: 'a connection not heard from for so long is gone',
  SERVER_TIMING: 'a `Server-Timing` header on every answer',
  HOLD_US: 'CPU time spent inside every critical section of a write, in µs, for experiments',
};

/** @param page the page with the tables. @param wanted names of environment variables */
export function settingsTable(page: string, wanted: (name: string) => boolean): string {
  const rows = page.split('\n').flatMap((line) => {
    const [, first = '', values = '', meaning = ''] = /^\| (`[A-Z_`, ]+) \| (.*?) \| (.*?) ?\|$/.exec(line) ?? [];
    const names = Array.from(first.matchAll(/`([A-Z_]+)`/g), ([, name]) => name!);
    const usual = values.split(', ');
    return names.flatMap((name, at) => {
      if (!wanted(name)) return [];
      const value = usual.length === names.length ? usual[at]! : values;
      return [`| \`${name}\` | ${value} | ${meanings[name] ?? partOf(meaning, at, names.length)} |`];
    });
  });
  return ['| variable | default | meaning |', '|---|---|---|', ...rows].join('\n');
}

/** Two settings in a row may have their meanings separated by a semicolon. */
function partOf(meaning: string, at: number, settings: number): string {
  const parts = meaning.split('; ');
  return parts.length === settings ? parts[at]! : meaning;
}
