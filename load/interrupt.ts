/** Ctrl-C, SIGTERM and a closed terminal, as one AbortSignal: whoever holds a child ends it before the process ends. */

/** Listens from now on. The second signal is from somebody in a hurry: children are killed as the process exits. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort(new Error(`interrupted by ${name}`));
    });
  }
  return controller.signal;
}
