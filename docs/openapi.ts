/** `npm run openapi`: writes docs/openapi.json, the document of a service with every strategy and every control. */
import '../src/node-version.mjs';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openApiDocument } from '../src/http/openapi/document.ts';
import { strategies } from '../src/strategies/index.ts';
import type { ResourceName, Strategy } from '../src/strategies/strategy.ts';

export function committedDocument(): string {
  const document = openApiDocument({
    strategies: strategies.map(({ name, cells }) => ({ name, resources: resourcesOf(cells) })),
    hasAdmin: true,
    controls: true,
  });
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function resourcesOf(cells: Strategy['cells']): ResourceName[] {
  const names = Object.keys(cells) as ResourceName[];
  return names.filter((name) => !('unsupported' in cells[name]));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('openapi.json', import.meta.url), committedDocument());
}
