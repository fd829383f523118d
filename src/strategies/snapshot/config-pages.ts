/** The config in the words of a `SnapshotCell`; what `ConfigRegister` is in place. Used inside its reads and writes. */
import type { Written } from '../../origin/origin.ts';
import { type ConfigChange, type ConfigDocument, firstConfig, MAX_CONFIG_BYTES } from '../../resources/config.ts';
import type { SnapshotCell } from '../../sync/snapshot-cell.ts';

/** Fields of the root: they change with every version. */
const VERSION = 0;
const BYTES = 1;
const SEQUENCE = 2;

export class ConfigPages {
  static readonly size = { words: MAX_CONFIG_BYTES / 4 };
  readonly #snapshots: SnapshotCell;
  readonly #midway: () => void;

  /** @param midway runs in the middle of every change; see `Lab` */
  constructor(snapshots: SnapshotCell, midway: () => void) {
    this.#snapshots = snapshots;
    this.#midway = midway;
  }

  read(): ConfigDocument {
    const version = this.#snapshots.field(VERSION);
    if (version === 0) return firstConfig;
    const byteLength = this.#snapshots.field(BYTES);
    const words = Int32Array.from({ length: Math.ceil(byteLength / 4) }, (_, word) => this.#snapshots.word(word));
    return Object.freeze({ version, text: Buffer.from(words.buffer, 0, byteLength).toString('utf8') });
  }

  update(change: ConfigChange): ConfigDocument {
    const document = change(this.read());
    const byteLength = Buffer.byteLength(document.text);
    const words = new Int32Array(Math.ceil(byteLength / 4));
    Buffer.from(words.buffer).write(document.text);
    for (const [word, value] of words.entries()) this.#snapshots.set(word, value);
    this.#midway();
    this.#snapshots.setField(BYTES, byteLength);
    this.#snapshots.setField(VERSION, document.version);
    return document;
  }

  /** A document as it goes to the origin. */
  written({ text }: ConfigDocument): Written<string> {
    const version = this.#snapshots.field(SEQUENCE) + 1;
    this.#snapshots.setField(SEQUENCE, version);
    return { value: text, version };
  }
}
