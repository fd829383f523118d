import type { Call } from '../../resources/call.ts';
import type { Awaitable } from '../../sync/wait.ts';
import type { CellContext } from '../strategy.ts';

type WithoutCall<Args extends unknown[]> = Args extends [...infer Rest, Call] ? Rest : never;
type Method = (...args: never[]) => Awaitable<unknown>;

/** Calls a method of the owner's resource: the name and the arguments travel, the call stays here. */
export type AskOwner<Resource> = <Name extends keyof Resource & string>(
  method: Name,
  args: Resource[Name] extends Method ? WithoutCall<Parameters<Resource[Name]>> : never,
  call: Call,
) => Promise<Resource[Name] extends Method ? Awaited<ReturnType<Resource[Name]>> : never>;

export function askOwner<Resource>({ owner }: CellContext): AskOwner<Resource> {
  // The mailbox carries any message; which reply belongs to which is what the type above says.
  return ((method, args, call) => owner!.ask([method, args], call)) as AskOwner<Resource>;
}
