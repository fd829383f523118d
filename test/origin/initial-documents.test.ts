import { describe, expect, it } from 'vitest';
import { initialNumber, initialValue } from '../../src/origin/initial-documents.ts';

describe('initial documents', () => {
  it('are a title and 0.5 to 2 KiB of Markdown, each another one, and stay what they are', () => {
    const values = Array.from({ length: 1_000 }, (_, number) => initialValue(number));
    for (const value of values) {
      const { title, markdown } = JSON.parse(value) as { title: string; markdown: string };
      expect(markdown.startsWith(`# ${title}\n`)).toBe(true);
      expect(Buffer.byteLength(markdown)).toBeGreaterThanOrEqual(512);
      expect(Buffer.byteLength(markdown)).toBeLessThanOrEqual(2_048);
    }
    expect(new Set(values).size).toBe(values.length);
  });

  it('go by their plain names only', () => {
    expect(initialNumber('doc-9', 10)).toBe(9);
    for (const key of ['doc-10', 'doc-09', 'doc-', 'doc-1e0', 'xdoc-1', 'doc-1\n', '', 'doc-0x1', '__proto__']) {
      expect(initialNumber(key, 10)).toBeUndefined();
    }
    expect(initialNumber('doc-0', 0)).toBeUndefined();
  });
});
