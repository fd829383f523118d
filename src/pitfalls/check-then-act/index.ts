import { setTimeout as after } from 'node:timers/promises';
import type { Pitfall } from '../pitfall.ts';
import * as broken from './broken.ts';
import * as fixed from './fixed.ts';

const SEATS = 100;
const CUSTOMERS = 150;
const PAYMENT_MS = 5;

export const checkThenAct: Pitfall<'lost' | 'oversold'> = {
  name: 'check-then-act',
  title: 'Check, then act across an await',
  symptom: `${SEATS} seats, ${CUSTOMERS} customers at once: everybody is sold a seat, and the plan still shows almost all of them free.`,
  why:
    'One event loop runs one thing at a time, but only from one await to the next. What was read before an await may be ' +
    'out of date after it. Every customer reads 100, waits for the payment, and writes 99: one update is left of 150. ' +
    'No thread is needed for this.',
  fix:
    'Make check and act one step without an await: take the seat first, pay after, give it back if that fails. Where ' +
    'the state is shared between threads the one step is a short critical section or a compare-and-set; where the ' +
    'check itself must await, compare again when you write, and start over if it changed.',
  embodied: {
    name: 'sync-lock',
    path: 'src/strategies/sync-lock/counters.ts',
    how: 'compareAndSet checks and writes inside one critical section; unguarded is the same service with this mistake',
  },
  setting: `${CUSTOMERS} customers ask for one of ${SEATS} seats at the same moment; paying takes ${PAYMENT_MS} ms.`,
  measures: {
    lost: { name: 'updates lost', unit: '', better: 'lower' },
    oversold: { name: 'sold beyond capacity', unit: 'seats', better: 'lower' },
  },

  async measure(version) {
    const { Seats } = { broken, fixed }[version];
    const seats = new Seats(SEATS);
    const answers = await Promise.all(Array.from({ length: CUSTOMERS }, () => seats.sell(() => after(PAYMENT_MS))));
    const sold = answers.filter(Boolean).length;
    return { lost: sold - (SEATS - seats.free), oversold: Math.max(0, sold - SEATS) };
  },
};
