/** One step of bringing a run up, and its undoing. */
export interface Task {
  title: string;
  up(): Promise<void>;
  down?(): Promise<void>;
}

export interface DownFailure {
  title: string;
  message: string;
}

/**
 * Brings the tasks up in order, runs `body`, and takes them down in reverse. A task's down is registered before its up
 * begins, so that a half-done up is undone too. Every down has its own deadline, apart from the run's: a down that
 * hangs or throws is reported and never keeps the others from running.
 */
export async function withTasks<T>(
  tasks: readonly Task[],
  options: { downDeadlineMs: number; say(line: string): void; signal: AbortSignal },
  body: () => Promise<T>,
): Promise<{ value?: T; error?: unknown; downFailures: DownFailure[] }> {
  const begun: Task[] = [];
  const downFailures: DownFailure[] = [];
  let value: T | undefined;
  let error: unknown;
  try {
    for (const task of tasks) {
      options.signal.throwIfAborted();
      begun.unshift(task);
      options.say(task.title);
      await task.up();
    }
    value = await body();
  } catch (caught) {
    error = caught;
  }
  for (const task of begun) {
    if (task.down === undefined) continue;
    try {
      await withDeadline(task.down(), options.downDeadlineMs);
    } catch (caught) {
      downFailures.push({
        title: task.title,
        message: caught instanceof Error ? caught.message : String(caught),
      });
    }
  }
  return {
    ...(value === undefined ? {} : { value }),
    ...(error === undefined ? {} : { error }),
    downFailures,
  };
}

async function withDeadline(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${ms / 1000} s`)), ms);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
