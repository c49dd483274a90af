import { createInterface } from 'node:readline';
import type { People } from '../run/drill-types.ts';
import type { Console, GlobalFlags } from './console.ts';
import { bundledScenario } from './read-scenario.ts';
import { repeatCommand, runAs } from './run.ts';

/** `squall gameday`: a run that follows the steps of its scenario's drill, with people present; or with --yes without. */
export async function gamedayCommand(console: Console, flags: GlobalFlags, args: string[]): Promise<number> {
  const path = args[0] ?? bundledScenario('gameday');
  const alone = flags.yes === true;
  const again = `${repeatCommand('gameday', flags, args[0])}${alone ? ' --yes' : ''}`;
  const asked = alone ? { people: nobody, close: () => undefined } : openPeople(console, process.stdin);
  try {
    return await runAs(console, flags, { path, again, demo: false, people: asked.people });
  } finally {
    asked.close();
  }
}

/** A rehearsal: every question is answered at once. */
const nobody: People = { absent: true, answer: async () => 'go on', gone: () => false };

/** Lines of a pipe that are kept for questions to come. */
const linesMax = 100;

/**
 * Lines of standard input as answers. On a terminal a line that comes before it is asked for is no answer: it was typed
 * for something else. From elsewhere, such as a pipe, each waits for its question.
 */
export function openPeople(
  console: Pick<Console, 'say'>,
  input: NodeJS.ReadableStream & { isTTY?: boolean },
): { people: People; close(): void } {
  const lines: string[] = [];
  let ended = false;
  let changed = Promise.withResolvers<void>();
  const change = () => {
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };
  let asked = false;
  // Not as a terminal of its own: Ctrl-C stays a signal.
  const reader = createInterface({ input, terminal: false });
  reader.on('line', (line) => {
    if (input.isTTY === true && !asked) return;
    lines.push(line);
    // Of one that never ends, such as yes, no more is read than is needed.
    if (lines.length >= linesMax) reader.pause();
    change();
  });
  const end = () => {
    ended = true;
    change();
  };
  // Of a terminal that went away too.
  reader.on('close', end).on('error', end);
  const next = () => {
    const line = lines.shift();
    if (lines.length === 0 && !ended) reader.resume();
    return wordIn(line);
  };
  const answer: People['answer'] = async (signal) => {
    asked = true;
    const aborted = Promise.withResolvers<never>();
    const onAbort = () => aborted.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      for (;;) {
        const word = next();
        if (word === 'unclear') console.say('Enter goes on; stop and Enter ends the drill');
        else if (word !== undefined) return word;
        else if (ended) return 'gone';
        else await Promise.race([changed.promise, aborted.promise]);
      }
    } finally {
      asked = false;
      signal.removeEventListener('abort', onAbort);
    }
  };
  const gone = () => ended && lines.length === 0;
  return { people: { answer, gone }, close: () => reader.close() };
}

function wordIn(line: string | undefined): 'go on' | 'stop' | 'unclear' | undefined {
  if (line === undefined) return undefined;
  if (/^\s*(y|yes|ok|go|go on|continue)?\s*$/i.test(line)) return 'go on';
  return /^\s*(stop|no|n|q|quit|abort|halt)\s*$/i.test(line) ? 'stop' : 'unclear';
}
