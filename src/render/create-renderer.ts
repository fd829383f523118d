import type { Settings } from '../settings.ts';
import { RenderPool } from './pool.ts';
import { Renderer } from './renderer.ts';

/** Makes a thread's own renderer. What renders is loaded where it runs: here only with `RENDER=inline`. */
export async function createRenderer({ RENDER }: Settings): Promise<Renderer> {
  const engine = RENDER === 'inline' ? (await import('./inline.ts')).inlineEngine : new RenderPool();
  return new Renderer({ engine });
}
