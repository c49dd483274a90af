/**
 * Resolves when `undoing` ended, however it did. For what is undone before an error is thrown on: an undoing that fails
 * too must not be told in its place. What it leaves outside this process is in the run's journal, and told by who looks
 * last. Undefined: there is nothing to undo.
 */
export async function settled(undoing: Promise<unknown> | undefined): Promise<void> {
  await undoing?.catch(() => undefined);
}
