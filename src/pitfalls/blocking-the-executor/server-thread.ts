/** The thread that serves: pages are rendered, `/healthz` is not. */
import { workerData } from 'node:worker_threads';
import { serveLab } from '../lab-server.ts';
import type { Version } from '../pitfall.ts';
import * as broken from './broken.ts';
import * as fixed from './fixed.ts';

export interface PagesData {
  readonly version: Version;
  readonly document: string;
}

const { version, document } = workerData as PagesData;
await using pages = new { broken, fixed }[version].Pages();
await serveLab(() => pages.page(document));
