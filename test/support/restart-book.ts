/** What was written and must be found again after a restart. Each target has a number that every write makes greater. */
import type { Asked, Sent } from './kept-alive-client.ts';

export interface WriteTarget {
  /** Where the number is read. */
  readonly path: string;
  /** Whether a write adds one to what is there, whoever else writes; otherwise it replaces it, and has one writer. */
  readonly adds: boolean;
  readonly write: (number: number) => Asked;
  readonly numberIn: (body: string) => number;
}

export function counterTarget(base: string, key: string): WriteTarget {
  const path = `${base}/counters/${key}`;
  return {
    path,
    adds: true,
    write: () => ({ method: 'POST', path: `${path}/increment` }),
    numberIn: (body) => (JSON.parse(body) as { value: number }).value,
  };
}

export function configTarget(base: string): WriteTarget {
  const path = `${base}/config`;
  return {
    path,
    adds: true,
    write: (number) => ({ method: 'PUT', path, body: JSON.stringify({ values: { number } }) }),
    numberIn: (body) => (JSON.parse(body) as { version: number }).version,
  };
}

export function documentTarget(base: string, key: string): WriteTarget {
  const path = `${base}/cache/${key}`;
  return {
    path,
    adds: false,
    write: (number) => ({ method: 'PUT', path, body: JSON.stringify({ value: number }) }),
    numberIn: (body) => (JSON.parse(body) as { value: number }).value,
  };
}

export function connectionTarget(base: string, id: string): WriteTarget {
  const path = `${base}/connections/${id}`;
  return {
    path,
    adds: false,
    write: (number) => ({ method: 'PUT', path, body: JSON.stringify({ room: 'kept', user: String(number) }) }),
    numberIn: (body) => Number((JSON.parse(body) as { user: string }).user),
  };
}

/** The books of one target. */
export class Account {
  readonly target: WriteTarget;
  /** What must be there: all that was acknowledged. */
  #least = 0;
  /** What may be there: all that was sent and not refused. */
  #most = 0;

  constructor(target: WriteTarget) {
    this.target = target;
  }

  /** The next write, and what to tell of its end. */
  next(): { readonly asked: Asked; readonly ended: (end: Pick<Sent, 'fate' | 'status' | 'body'>) => void } {
    const number = ++this.#most;
    return {
      asked: this.target.write(number),
      ended: ({ fate, status = 0, body = '' }) => {
        if (fate === 'not-sent' || body.includes('"outcome":"not-applied"')) this.#most -= this.target.adds ? 1 : 0;
        else if (fate === 'answered' && status >= 200 && status < 300)
          this.#least = this.target.adds ? this.#least + 1 : number;
      },
    };
  }

  /** Compares with what is there, undefined for nothing, and goes on from it. @returns what is wrong */
  settle(found: number | undefined): string | undefined {
    const [least, most, number] = [this.#least, this.#most, found ?? 0];
    this.#least = number;
    this.#most = number;
    if (number >= least && number <= most) return undefined;
    return `${this.target.path} is ${number} and not ${least === most ? least : `${least} to ${most}`}`;
  }

  /** Begins with what is there. */
  open(found: number | undefined): void {
    this.#least = found ?? 0;
    this.#most = found ?? 0;
  }
}
