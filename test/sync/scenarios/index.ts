import type { Scenario } from '../../support/steps/scenario.ts';
import { scenarios as asyncMutex } from './async-mutex.ts';
import { scenarios as sharedTable } from './shared-table.ts';
import { scenarios as syncMutex } from './sync-mutex.ts';

const modules = { 'sync-mutex': syncMutex, 'async-mutex': asyncMutex, 'shared-table': sharedTable };

export type ScenarioModule = keyof typeof modules;
export const scenarioModules = Object.keys(modules) as readonly ScenarioModule[];

/** The scenarios of a module, and where its threads load it from. */
export function scenariosOf(module: ScenarioModule): { scenarios: readonly Scenario[]; url: string } {
  return { scenarios: modules[module], url: new URL(`${module}.ts`, import.meta.url).href };
}
