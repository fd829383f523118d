import { describe, expect, it } from 'vitest';
import { LabThread } from '../../src/pitfalls/lab-thread.ts';

const thread = (body: string): URL => new URL(`data:text/javascript,${encodeURIComponent(body)}`);
const ready = `const { parentPort } = await import('node:worker_threads'); parentPort.postMessage('ready');`;

describe('a thread of the lab', () => {
  it('gets ready, goes when told to, and says what it found', async () => {
    await using one = await LabThread.start<string, string>(
      thread(`${ready} parentPort.once('message', (told) => parentPort.postMessage(told + ' and done'));`),
      undefined,
    );
    expect(one.ready).toBe('ready');
    expect(await one.findings()).toBe('go and done');
  });

  it('hands over what a thread threw, also before it was asked', async () => {
    await expect(LabThread.start(thread('throw new Error("not ready");'), undefined)).rejects.toThrow('not ready');
    await using one = await LabThread.start<string, string>(thread(`${ready} throw new Error('broke');`), undefined);
    await expect(one.findings()).rejects.toThrow('broke');
  });

  it('does not wait for a thread that ended without findings', async () => {
    await using one = await LabThread.start<string, string>(thread(`${ready} process.exit();`), undefined);
    await expect(one.findings()).rejects.toThrow('aborted');
  });
});
