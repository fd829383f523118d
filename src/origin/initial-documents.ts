/**
 * The documents that every cell's origin starts with, `doc-0` to `doc-{count - 1}`: made when somebody asks, and the
 * same on every machine, so that runs with different origins can be compared. Each is `{"title":…,"markdown":…}` with
 * 0.5 to 2 KiB of Markdown.
 */
import { type Random, seededRandom } from '../random.ts';

const MIN_BODY_BYTES = 600;
const MAX_BODY_BYTES = 1_800;
/** Sets the documents' seeds apart from other uses of small seeds. */
const SEED = 0x0d0c;

const NAME = /^doc-(0|[1-9]\d{0,6})$/;

/** The N of a `doc-N` that there is. @param count how many documents there are */
export function initialNumber(key: string, count: number): number | undefined {
  const number = Number(NAME.exec(key)?.[1] ?? Number.NaN);
  return number < count ? number : undefined;
}

/** The JSON text of `doc-{number}`. */
export function initialValue(number: number): string {
  const random = seededRandom(SEED + number);
  const topic = pick(topics, random);
  const title = `${topic[0]!.toUpperCase()}${topic.slice(1)}, note ${number}`;
  const bodyBytes = MIN_BODY_BYTES + Math.floor(random() * (MAX_BODY_BYTES - MIN_BODY_BYTES));
  let markdown = `# ${title}\n`;
  while (markdown.length < bodyBytes) markdown += `\n${block(topic, random)}\n`; // ASCII only: a character is a byte
  return JSON.stringify({ title, markdown });
}

function block(topic: string, random: Random): string {
  switch (Math.floor(random() * 6)) {
    case 0:
      return `## ${pick(sections, random)}`;
    case 1:
      return Array.from({ length: 3 }, () => `- ${sentence(topic, random)}`).join('\n');
    case 2:
      return `\`\`\`js\nconst limit = ${Math.floor(random() * 1_000)}; // of ${topic}\n\`\`\``;
    case 3:
      return `> ${sentence(topic, random)}`;
    default:
      return Array.from({ length: 3 }, () => sentence(topic, random)).join(' ');
  }
}

function sentence(topic: string, random: Random): string {
  return pick(sentences, random).replace('TOPIC', topic);
}

function pick<T>(from: readonly [T, ...T[]], random: Random): T {
  return from[Math.floor(random() * from.length)]!;
}

const topics = ['the mutex', 'the mailbox', 'the snapshot', 'the shard', 'the cache', 'the origin'] as const;
const sections = ['Why it is so', 'What it costs', 'When it fails', 'How to measure it', 'What to do instead'] as const;
const sentences = [
  'Whoever waits for TOPIC pays with **latency**, and whoever does not pays with memory.',
  'A look at TOPIC under load says more than a day of thought.',
  'Nothing about TOPIC is slow until two threads want it _at the same time_.',
  'See [the notes](https://example.org/notes) for what TOPIC did before.',
  'The usual mistake is to hold TOPIC across an `await`.',
  'It is cheap to ask for TOPIC and dear to ask twice.',
  'Measure TOPIC first; then measure it again on a quiet machine.',
] as const;
