/** Pitfalls that need no thread: the broken version shows its symptom, and the fixed one does not. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ShuttingDownError } from '../../src/errors.ts';
import * as brokenSender from '../../src/pitfalls/an-extra-sender/broken.ts';
import * as fixedSender from '../../src/pitfalls/an-extra-sender/fixed.ts';
import * as brokenPages from '../../src/pitfalls/blocking-the-executor/broken.ts';
import * as fixedPages from '../../src/pitfalls/blocking-the-executor/fixed.ts';
import * as brokenSeats from '../../src/pitfalls/check-then-act/broken.ts';
import * as fixedSeats from '../../src/pitfalls/check-then-act/fixed.ts';
import { labMemory, LabSeat } from '../../src/pitfalls/lab-memory.ts';
import * as brokenSessions from '../../src/pitfalls/one-mutex-around-a-client/broken.ts';
import { Client } from '../../src/pitfalls/one-mutex-around-a-client/client.ts';
import * as fixedSessions from '../../src/pitfalls/one-mutex-around-a-client/fixed.ts';
import * as brokenVotes from '../../src/pitfalls/sharing-instead-of-a-message/broken.ts';
import * as fixedVotes from '../../src/pitfalls/sharing-instead-of-a-message/fixed.ts';

describe('check, then act across an await', () => {
  it('broken: sells more seats than there are, and loses updates', async () => {
    expect(await sellTwoSeatsToThree(brokenSeats)).toEqual({ sold: 3, free: 1 });
  });

  it('fixed: sells each seat once, and gives back what was not paid', async () => {
    expect(await sellTwoSeatsToThree(fixedSeats)).toEqual({ sold: 2, free: 0 });
    const seats = new fixedSeats.Seats(2);
    const declined = seats.sell(() => Promise.reject(new Error('declined')));
    await expect(declined).rejects.toThrow('declined');
    expect(seats.free).toBe(2);
  });
});

describe('one mutex around an async client', () => {
  it('broken: one request is on its way at a time', async () => {
    expect(await mostInFlight(brokenSessions)).toBe(1);
  });

  it('fixed: all of them are', async () => {
    expect(await mostInFlight(fixedSessions)).toBe(3);
  });
});

describe('work on the event loop', () => {
  it('broken: nobody else has a turn until the page is made', async () => {
    expect(await othersRan(brokenPages)).toBe(false);
  });

  it('fixed: others are served meanwhile', async () => {
    expect(await othersRan(fixedPages)).toBe(true);
  });
});

describe('sharing where a message would be simpler', () => {
  it('broken: an acknowledged update is not in what was stored', async () => {
    expect(await storedOfTwo(brokenVotes)).toBe(1);
  });

  it('fixed: what is acknowledged is stored', async () => {
    expect(await storedOfTwo(fixedVotes)).toBe(2);
  });
});

describe('an extra sender kept in shared state', () => {
  it('broken: shutting down runs into its timeout, and it is the kept sender that it waits for', async () => {
    const journal = brokenSender.openJournal();
    await brokenSender.serveConnection(journal, ['one', 'two']);
    expect(await brokenSender.shutDown(journal, 1)).toBeUndefined();
    journal.sender[Symbol.dispose]();
    expect(await journal.written).toBe(2);
  });

  it('fixed: shutting down ends with the last connection', async () => {
    const journal = fixedSender.openJournal();
    const serving = fixedSender.serveConnection(journal, ['one', 'two']);
    expect(await fixedSender.shutDown(journal, 20_000)).toBe(2);
    await serving;
  });
});

async function sellTwoSeatsToThree({ Seats }: typeof brokenSeats | typeof fixedSeats) {
  const seats = new Seats(2);
  const answers = await Promise.all(Array.from({ length: 3 }, () => seats.sell(async () => nextTurn())));
  return { sold: answers.filter(Boolean).length, free: seats.free };
}

async function mostInFlight({ Sessions }: typeof brokenSessions | typeof fixedSessions) {
  using seat = new LabSeat(labMemory(1), 0);
  const client = new Client(() => nextTurn());
  const sessions = new Sessions(client, seat.asyncMutex());
  const users = await Promise.all(['a', 'b', 'c'].map((session) => sessions.userOf(session)));
  expect(users).toEqual(['value of a', 'value of b', 'value of c']);
  return client.mostInFlight;
}

/** @returns whether anybody else had a turn while the page was made */
async function othersRan({ Pages }: typeof brokenPages | typeof fixedPages) {
  await using pages = new Pages();
  let turned = false;
  setImmediate(() => (turned = true));
  const page = await pages.page(JSON.stringify({ key: 'page', value: '*text* <b onclick="steal()">bold</b>' }));
  expect(new TextDecoder().decode(page)).toContain('<p><em>text</em> <b>bold</b></p>');
  return turned;
}

async function storedOfTwo({ Votes }: typeof brokenVotes | typeof fixedVotes) {
  const votes = new Votes();
  const late = Promise.withResolvers<void>();
  const early = votes.cast('green', Promise.resolve());
  const underWay = votes.cast('green', late.promise);
  await early;
  let stored: number | undefined;
  const closed = votes.close(async (counts) => void (stored = counts.get('green')));
  await expect(votes.cast('green', Promise.resolve())).rejects.toThrow(ShuttingDownError);
  await nextTurn();
  late.resolve();
  await underWay; // acknowledged
  await closed;
  return stored;
}
