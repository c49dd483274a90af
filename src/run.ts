import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from './base/clock.ts';
import { SquallError } from './base/errors.ts';
import { fileError } from './base/file-error.ts';
import { type RunRecord, ranToEnd } from './observe/evidence.ts';
import { compilePlan } from './plan/compile.ts';
import { pointLatest, readRecord, writeRecord, writeReports } from './record.ts';
import type { Live } from './report/live.ts';
import type { Report } from './report/types.ts';
import { bringUp } from './run/bring-up.ts';
import { planningMachine } from './run/ceilings-file.ts';
import type { People } from './run/drill-types.ts';
import { drive, settleDown } from './run/drive.ts';
import { leftAfter, toRunError } from './run/failure.ts';
import { type FoundTools, findTools } from './run/find-tools.ts';
import { judgeEvidence, takeRecord } from './run/finish.ts';
import type { Session } from './run/session.ts';
import { withTasks } from './run/tasks.ts';
import type { Scenario } from './scenario/types.ts';
import type { FoundTool, ToolName } from './tools/find.ts';

export interface RunOptions {
  scenario: Scenario;
  /** Go on with the embedded collector where no other can be had. */
  demo: boolean;
  /** Values that never reach the disk. */
  secrets: readonly string[];
  /** The scenario and the members' configurations as written; kept masked. */
  texts: { scenario: string; configs: Record<string, string> };
  runId: string;
  seed: number;
  /** Absolute path of the run's folder; made if absent, refused if it holds a run already. */
  dir: string;
  command: string;
  capture: boolean;
  /** Of a scenario with a drill, who is asked. */
  people?: People;
  clock: Clock;
  signal: AbortSignal;
  live: Live;
  find(tool: ToolName, explicit?: string): Promise<FoundTool>;
}

export interface RunOutcome {
  report: Report;
  faultsLeft: string[];
}

/** Longest any single step of clean-up may take. */
const downDeadlineMs = 30_000;

/**
 * One run: tools, then everything up in order, load and faults on one clock, settling, evidence, and everything down
 * in reverse; then the verdict from what lies on disk. Throws SquallError when the run could not begin.
 */
export async function runScenario(options: RunOptions): Promise<RunOutcome> {
  const { clock, live } = options;
  prepareFolder(options.dir);
  const tools = await findTools(options).catch((error: unknown) => {
    throw toRunError(error, { ...options, left: [] });
  });
  const session = await createSession(options, tools);
  const startedAt = new Date(clock.wallMs()).toISOString();
  const say = (title: string) => live.update({ phase: `starting: ${title}` });
  const result = await withTasks(
    bringUp(session),
    { downDeadlineMs, say, signal: options.signal },
    async () => {
      const ended = await driveToEnd(session, live);
      const settled = await settleDown(session, live);
      live.update({ phase: 'reading the evidence' });
      return takeRecord(session, ended, settled, startedAt);
    },
  );
  const left = leftAfter(result.downFailures, session.shownClean === true);
  if (result.value === undefined) throw toRunError(result.error, { ...options, left });
  try {
    return { report: await judgeAndWrite(options, result.value, left.length > 0), faultsLeft: left };
  } catch (error) {
    throw toRunError(error, { ...options, left });
  }
}

async function judgeAndWrite(options: RunOptions, taken: RunRecord, incomplete: boolean): Promise<Report> {
  const { dir, secrets, texts } = options;
  // Until here a stop may have cut short what would have been seen: of settling, of the last scrapes, of the queries.
  const stopped = ranToEnd(taken) && options.signal.aborted;
  const record: RunRecord = {
    ...taken,
    ...(stopped ? { ended: { kind: 'interrupted' as const } } : {}),
    judged: { ...taken.judged, recoveryIncomplete: incomplete },
  };
  await writeRecord(dir, { record, scenarioText: texts.scenario, configs: texts.configs, secrets });
  // Read back: what is judged is what lies on disk, and nothing else.
  const report = await judgeEvidence(dir, await readRecord(dir));
  await writeReports(dir, report);
  // The run is whole without it: --out may lie in a folder that is not ours.
  await pointLatest(dir).catch((error: Error) => options.live.say(`no link to this run: ${error.message}`));
  return report;
}

/** A load worker that dies ends the run, but what was seen until then is evidence all the same. */
async function driveToEnd(session: Session, live: Live): Promise<RunRecord['ended']> {
  try {
    return await drive(session, live);
  } catch (error) {
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

/** Where one of these lies, a run got as far as to leave something of worth. */
const runFiles = [
  'journal.jsonl',
  'evidence/arrivals.bin',
  'evidence/requests-0.bin',
  'evidence/record.json',
];

function prepareFolder(dir: string): void {
  if (runFiles.some((name) => existsSync(join(dir, name)))) {
    throw new SquallError({
      code: 'SQ-OUT-UNWRITABLE',
      what: 'the folder already holds a run',
      where: dir,
      next: 'squall run --out another/folder, or leave --run-id out',
    });
  }
  try {
    mkdirSync(join(dir, 'evidence', 'logs'), { recursive: true });
  } catch (cause) {
    const what = 'the output folder cannot be made';
    throw fileError({ code: 'SQ-OUT-UNWRITABLE', what, where: dir, next: `ls -ld ${dir}; df -h .` }, cause);
  }
}

async function createSession(options: RunOptions, found: FoundTools): Promise<Session> {
  const epochNs = String(BigInt(Math.round(options.clock.wallMs())) * 1_000_000n);
  return {
    ...found,
    plan: compilePlan(found.scenario, {
      runId: options.runId,
      seed: options.seed,
      epochNs,
      ...(await planningMachine(found.scenario.target)),
    }),
    clock: options.clock,
    dir: options.dir,
    evidenceDir: join(options.dir, 'evidence'),
    command: options.command,
    signal: options.signal,
    secrets: options.secrets,
    capture: options.capture,
    ...(options.people === undefined ? {} : { people: options.people }),
    say: (line) => options.live.say(line),
    canaries: [],
    processes: [],
    otherWork: [],
  };
}
