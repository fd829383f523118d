/** What the system has too little of: to start a thread again may work as soon as something else is given back. */
const CODES = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EAGAIN']);

/**
 * Whether an error says that the process or the system has run out of file descriptors, memory or threads. That is not a
 * defect of what was started, so it counts towards no crash loop.
 */
export function isExhaustion(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code = '', message, cause } = error as NodeJS.ErrnoException;
  if (CODES.has(code) || (cause !== undefined && isExhaustion(cause))) return true;
  return /\b(?:EMFILE|ENFILE|ENOBUFS|ENOMEM|EAGAIN)\b/.test(message);
}
