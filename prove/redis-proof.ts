/** What the proofs with Redis in trouble have in common: progress by rounds, the verdict, and how they end. */
import { redisMissing, redisProgram } from '../test/support/redis-server.ts';
import type { Disturbance } from '../test/support/redis-trouble.ts';
import type { Tally } from '../test/support/fault-writer.ts';
import { type RoundsPlan, runCommand } from './command.ts';

export interface RedisProof<Plan extends RoundsPlan, Run> {
  readonly help: string;
  /** @throws {TypeError} a flag is wrong */
  planOf(args: readonly string[]): Plan;
  run(plan: Plan, onRound: (round: number, disturbance: Disturbance, tally: Tally) => void): Promise<Run>;
  print(run: Run): void;
  /** What was promised, and how often it was broken. */
  promises(run: Run): [promise: string, broken: number][];
  /** Whether too little happened to say anything. */
  isVoid(run: Run): boolean;
  writeEvidence(plan: Plan, run: Run, startedAt: string): Promise<void>;
}

/** Runs it as a command. Exit code: 0 proved, 1 refuted, 2 wrong flags, 3 void. */
export async function proveWithRedis<Plan extends RoundsPlan, Run>(proof: RedisProof<Plan, Run>): Promise<void> {
  // Redis and the service run in process groups of their own, and are killed as this process exits.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => process.exit(130));
  await runCommand(proof.help, () => prove(proof, proof.planOf(process.argv.slice(2))));
}

async function prove<Plan extends RoundsPlan, Run>(proof: RedisProof<Plan, Run>, plan: Plan): Promise<number> {
  if (redisProgram === undefined) {
    console.error(`VOID: ${redisMissing}`);
    return 3;
  }
  const startedAt = new Date().toISOString();
  const every = process.stderr.isTTY ? 1 : 25;
  const run = await proof.run(plan, (round, disturbance, { acknowledged, failures }) => {
    if (round % every !== 0) return;
    const line = `round ${round} of ${plan.rounds}: ${acknowledged} writes acknowledged, ${failures} failed, ${disturbance}`;
    process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${line}` : `${line}\n`);
  });
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  proof.print(run);
  const exitCode = verdict(proof, run, plan);
  if (plan.evidence && exitCode === 0) await proof.writeEvidence(plan, run, startedAt);
  return exitCode;
}

function verdict<Plan extends RoundsPlan, Run>(proof: RedisProof<Plan, Run>, run: Run, { seed, rounds }: Plan): number {
  if (proof.promises(run).some(([, broken]) => broken > 0)) {
    console.log(`REFUTED: see above; --seed ${seed} --rounds ${rounds} tries the same disturbances again`);
    return 1;
  }
  if (proof.isVoid(run)) {
    console.log('VOID: some kind of trouble never occurred; take more rounds');
    return 3;
  }
  console.log(`PROVED over ${rounds} rounds`);
  return 0;
}
