/** The embedded origin behind a gate: a test counts what comes, holds answers back, and has requests fail. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { EmbeddedOrigin, type OriginReply, type OriginRequest } from '../../src/origin/embedded.ts';

export class GatedOrigin extends EmbeddedOrigin {
  /** Documents that were asked for since the start. */
  loads = 0;
  /** The version of every value that was stored, by its text. */
  readonly stored = new Map<string, number>();
  #failures = 0;
  /** Answers that wait, while they are held back. */
  #held: (() => void)[] | undefined;
  /** Requests that wait, while they are delayed, and which are. */
  #delayed: (() => void)[] = [];
  #delays: 'stores' | 'next load' | undefined;
  readonly #watchers = new Set<() => void>();

  /** The next so many requests about documents fail, and nothing is done. */
  failNext(times: number): void {
    this.#failures = times;
  }

  /** From now on the origin answers no request about documents, though it does what it is asked. */
  hold(): void {
    this.#held = [];
  }

  /** Lets the answers go in the order of the requests. */
  release(): void {
    this.keepBack()();
  }

  /** Lets later answers pass those that are held back. @returns lets these go, too */
  keepBack(): () => void {
    const held = this.#held ?? [];
    this.#held = undefined;
    return () => {
      for (const answer of held) answer();
    };
  }

  /** From now on what is to be stored or deleted does not reach the origin. @returns lets it */
  delayStores(): () => void {
    return this.#delay('stores');
  }

  /** The next load does not reach the origin. @returns lets it */
  delayNextLoad(): () => void {
    return this.#delay('next load');
  }

  /** Resolves when so many requests are delayed, of those that the last `delay…` is about. */
  delayed(count: number): Promise<void> {
    return this.#when(() => this.#delayed.length >= count);
  }

  /** Resolves when so many answers are held back. */
  held(count: number): Promise<void> {
    return this.#when(() => (this.#held?.length ?? 0) >= count);
  }

  override serve(port: MessagePort): void {
    const { port1, port2 } = new MessageChannel();
    super.serve(port2);
    const gated = new Map<number, OriginRequest>();
    port.on('message', (request: OriginRequest) => {
      const isLoad = 'loadDocument' in request;
      if (!isLoad && !('storeDocument' in request) && !('deleteDocument' in request)) return port1.postMessage(request);
      if (isLoad) this.loads += 1;
      if (this.#failures > 0) {
        this.#failures -= 1;
        return port.postMessage({ id: request.id, failed: 'the test wants it' } satisfies OriginReply);
      }
      gated.set(request.id, request);
      if (this.#delays !== (isLoad ? 'next load' : 'stores')) return port1.postMessage(request);
      if (isLoad) this.#delays = undefined;
      this.#delayed.push(() => port1.postMessage(request));
      this.#look();
    });
    port1.on('message', (reply: OriginReply) => {
      const answer = (): void => port.postMessage(reply);
      const request = gated.get(reply.id);
      gated.delete(reply.id);
      if (request !== undefined && 'storeDocument' in request && 'version' in reply) {
        this.stored.set(request.value, reply.version);
      }
      if (request === undefined || this.#held === undefined) return answer();
      this.#held.push(answer);
      this.#look();
    });
    port.on('close', () => port1.close());
  }

  #delay(what: 'stores' | 'next load'): () => void {
    const delayed: (() => void)[] = [];
    this.#delayed = delayed;
    this.#delays = what;
    return () => {
      if (this.#delayed === delayed) this.#delays = undefined;
      for (const pass of delayed.splice(0)) pass();
    };
  }

  #when(happened: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!happened()) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }

  #look(): void {
    for (const look of this.#watchers) look();
  }
}
