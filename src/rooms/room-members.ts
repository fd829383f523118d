/** The WebSockets of one thread, by room and by id. Touched by its own event loop only, so it needs no lock. */

/** An open WebSocket and what it is registered as. */
export interface Member {
  readonly id: string;
  readonly room: string;
  readonly epoch: number;
  /** Sends a text frame; never blocks. @returns whether the receiver was given it: not when it is too slow, or closing */
  send(frame: string): boolean;
  close(code: number, reason: string): void;
}

export class RoomMembers {
  readonly #byRoom = new Map<string, Set<Member>>();
  readonly #byId = new Map<string, Set<Member>>();

  get all(): Member[] {
    return Array.from(this.#byId.values()).flatMap((members) => Array.from(members));
  }

  add(member: Member): void {
    addTo(this.#byRoom, member.room, member);
    addTo(this.#byId, member.id, member);
  }

  remove(member: Member): void {
    removeFrom(this.#byRoom, member.room, member);
    removeFrom(this.#byId, member.id, member);
  }

  /** Those registered as `id`: one, but for the moment in which another replaces it. */
  withId(id: string): Member[] {
    return Array.from(this.#byId.get(id) ?? []);
  }

  /** Those in a room, also while they come and go. */
  inRoom(room: string): Iterator<Member> {
    return (this.#byRoom.get(room) ?? new Set<Member>()).values();
  }
}

function addTo(map: Map<string, Set<Member>>, key: string, member: Member): void {
  const members = map.get(key);
  if (members === undefined) map.set(key, new Set([member]));
  else members.add(member);
}

function removeFrom(map: Map<string, Set<Member>>, key: string, member: Member): void {
  const members = map.get(key);
  if (members?.delete(member) && members.size === 0) map.delete(key);
}
