/**
 * Watching signals: one listener per signal, however many wait with it. A signal looks at all its listeners to remove
 * one, so with a listener each, an abort that ends 10,000 waits takes half a second.
 *
 * Guarantee: whoever stops watching is not told; the last one takes the listener with it.
 * Cost: a set per signal that is watched.
 */
export interface AbortWatcher {
  /** Must not throw: others are told after it. */
  onAbort(reason: unknown): void;
}

interface Watched {
  readonly watchers: Set<AbortWatcher>;
  readonly listener: () => void;
}

/** What a signal would keep itself, had it room for it. */
const watchedSignals = new WeakMap<AbortSignal, Watched>();

/** Tells `watcher` once `signal` aborts. Of one that is aborted already it hears nothing. */
export function watchSignal(signal: AbortSignal, watcher: AbortWatcher): void {
  let watched = watchedSignals.get(signal);
  if (watched === undefined) {
    const watchers = new Set<AbortWatcher>();
    const listener = (): void => {
      for (const each of watchers) each.onAbort(signal.reason);
    };
    watched = { watchers, listener };
    watchedSignals.set(signal, watched);
    signal.addEventListener('abort', listener, { once: true });
  }
  watched.watchers.add(watcher);
}

/** Nothing happens where `watcher` does not watch the signal. */
export function unwatchSignal(signal: AbortSignal, watcher: AbortWatcher): void {
  const watched = watchedSignals.get(signal);
  if (watched === undefined || !watched.watchers.delete(watcher) || watched.watchers.size > 0) return;
  watchedSignals.delete(signal);
  signal.removeEventListener('abort', watched.listener);
}
