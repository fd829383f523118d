/** Every suite of `npm run bench`: a new one is a folder and a line here. */
import { costs } from './costs/suite.ts';
import { http } from './http/suite.ts';
import { observability } from './observability/suite.ts';
import { primitives } from './primitives/suite.ts';
import type { Suite } from './suite.ts';
import { watchMulti } from './watch-multi/suite.ts';

export const suites: readonly Suite[] = [costs, http, observability, primitives, watchMulti];
