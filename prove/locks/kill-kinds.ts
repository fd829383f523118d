/** All that a thread can die with, as kill runs try it. */
import { arenaKind } from './arena-kind.ts';
import { flightKind } from './flight-kind.ts';
import type { KillKind } from './kind.ts';
import { mailboxKind } from './mailbox-kind.ts';
import { permitsKind } from './permits-kind.ts';
import { snapshotKinds } from './snapshot-kinds.ts';
import { tableKinds } from './table-kinds.ts';

export const killKinds: readonly KillKind[] = [
  ...tableKinds,
  permitsKind,
  arenaKind,
  ...snapshotKinds,
  mailboxKind,
  flightKind,
];
