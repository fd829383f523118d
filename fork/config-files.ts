/** Files around the sources: taken over with what they say about folders and services that are not there any more cut. */
import { parseDocument, YAMLMap, YAMLSeq } from 'yaml';

/** Taken over as they are. */
export const sameFiles = [
  'LICENSE',
  '.npmrc',
  '.editorconfig',
  '.dockerignore',
  'Dockerfile',
  '.github/dependabot.yml',
];

/** @param folders that the new project has, next to files at its top */
export function typeScriptConfig(text: string, folders: readonly string[]): string {
  const config = JSON.parse(text) as { include: string[] };
  const include = config.include.filter((each) => each.includes('*') || folders.includes(each));
  return json({ ...config, include });
}

/** Of the linter and the formatter. */
export function toolConfig(text: string): string {
  const config = JSON.parse(text) as { ignorePatterns: string[] };
  const ignorePatterns = config.ignorePatterns.filter((pattern) => !isOfComparison(pattern));
  return json({ ...config, ignorePatterns });
}

export function ignoreFile(text: string): string {
  return text
    .split('\n')
    .filter((line) => !isOfComparison(line))
    .join('\n');
}

function isOfComparison(pattern: string): boolean {
  return /^(?:\.tools|results|docs\/evidence)\b/.test(pattern);
}

/** The service and its Redis. @param settings that the service reads */
export function composeFile(text: string, settings: ReadonlySet<string>): string {
  const document = parseDocument(text);
  const services = document.get('services') as YAMLMap;
  for (const name of namesOf(services)) if (!['service', 'redis'].includes(name)) services.delete(name);
  const volumes = document.get('volumes') as YAMLMap;
  for (const name of namesOf(volumes)) if (name !== 'redis') volumes.delete(name);
  const environment = document.getIn(['services', 'service', 'environment']) as YAMLMap;
  for (const name of namesOf(environment)) if (!settings.has(name)) environment.delete(name);
  document.commentBefore =
    ' docker compose up      the service, and Redis beside it\n What can be set is in .env.example.';
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** Variables of the service and of its container; each with the comment above it. */
export function environmentFile(text: string, settings: ReadonlySet<string>): string {
  const kept = text.split('\n\n').flatMap((block) => {
    const lines: string[] = [];
    let comment: string[] = [];
    for (const line of block.split('\n')) {
      const [, name] = /^([A-Z_]+)=/.exec(line) ?? [];
      if (name === undefined) comment.push(line);
      else if (settings.has(name) || name.startsWith('SERVICE_')) {
        lines.push(...comment, line);
        comment = [];
      } else comment = comment.filter((each) => each.startsWith('# Of '));
    }
    return lines.length > 0 ? [lines.join('\n')] : comment.filter((line) => line.startsWith('# Copied')).join('\n');
  });
  return `${kept.join('\n\n').replace(', the load.', '.').trimEnd()}\n`;
}

/** Type check, lint and tests, dependencies, the image: not what needs the comparison or a particular strategy. */
export function workflowFile(text: string): string {
  const document = parseDocument(text);
  const jobs = document.get('jobs') as YAMLMap;
  for (const name of namesOf(jobs)) if (!['check', 'audit', 'image'].includes(name)) jobs.delete(name);
  const steps = document.getIn(['jobs', 'image', 'steps']) as YAMLSeq;
  steps.items = steps.items.filter((step) => !String(step).includes('compose'));
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function namesOf(map: YAMLMap): string[] {
  return map.items.map(({ key }) => String(key));
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
