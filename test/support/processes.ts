/** Which processes there are, so that a test can say that none was left. */
import { spawnSync } from 'node:child_process';

/** Ids of the children of a process, without the `ps` that finds them. */
export function childrenOf(parentPid: number): number[] {
  const ps = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  return ps.stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([pid, parent]) => parent === parentPid && pid !== ps.pid)
    .map(([pid]) => pid!);
}
