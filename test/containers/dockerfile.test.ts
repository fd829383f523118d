import { ValidationCode, validate } from 'dockerfile-utils';
import { describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { environmentOf, lastStep, stages, textOf } from '../support/deployment.ts';

describe('the Dockerfile', () => {
  const [dependencies, image] = stages();

  it('has nothing that a linter for Dockerfiles objects to', () => {
    expect(validate(textOf('Dockerfile')).map(({ message }) => message)).toEqual([]);
    const broken = validate('FROM scratch\nHEALTHCHEK CMD true\n');
    expect(broken.map(({ code }) => code)).toContain(ValidationCode.UNKNOWN_INSTRUCTION);
  });

  it('builds in one stage, runs in another, both on the Node that the tests run on, by digest', () => {
    expect(stages()).toHaveLength(2);
    const node = manifest.devDependencies.node.replaceAll('.', '\\.');
    expect(image!.image).toMatch(new RegExp(`^node:${node}-slim@sha256:[0-9a-f]{64}$`));
    expect(dependencies!.image).toBe(image!.image);
  });

  it('installs what the service needs, as locked, and runs no script of a package', () => {
    const runs = dependencies!.steps.filter(({ keyword }) => keyword === 'RUN').map(({ rest }) => rest);
    expect(runs).toContain('npm ci --omit=dev --ignore-scripts');
  });

  it('does not run as root, and makes nothing itself in the last stage', () => {
    expect(lastStep(image!, 'USER').rest).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(image!.steps.filter(({ keyword }) => keyword === 'RUN' || keyword === 'ADD')).toEqual([]);
  });

  it('starts node itself, so that it is process 1 and gets the signals', () => {
    expect(JSON.parse(lastStep(image!, 'CMD').rest)).toEqual(['node', 'src/main.ts']);
    expect(image!.steps.some(({ keyword }) => keyword === 'ENTRYPOINT' || keyword === 'STOPSIGNAL')).toBe(false);
  });

  it('exposes the port that it listens on', () => {
    expect(lastStep(image!, 'EXPOSE').rest).toBe(environmentOf(image!)['PORT']);
    expect(environmentOf(image!)['HOST']).toBe('0.0.0.0');
  });
});
