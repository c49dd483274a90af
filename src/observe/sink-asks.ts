/** Commands to a thread that each get one answer, matched by number. */
export interface Asks {
  ask(send: (id: number) => void): Promise<number>;
  answered(id: number, answer: number): void;
  rejectOpen(reason: string): void;
  /** No answer will come any more: all asks, open and future, reject. */
  close(reason: string): void;
}

export function createAsks(): Asks {
  const open = new Map<number, PromiseWithResolvers<number>>();
  let next = 0;
  let ended: string | undefined;
  const rejectOpen = (reason: string) => {
    for (const waiting of open.values()) waiting.reject(new Error(`the sink failed: ${reason}`));
    open.clear();
  };
  return {
    ask(send) {
      if (ended !== undefined) return Promise.reject(new Error(`the sink failed: ${ended}`));
      const id = next++;
      const waiting = Promise.withResolvers<number>();
      open.set(id, waiting);
      send(id);
      return waiting.promise;
    },
    answered(id, answer) {
      open.get(id)?.resolve(answer);
      open.delete(id);
    },
    rejectOpen,
    close(reason) {
      ended ??= reason;
      rejectOpen(reason);
    },
  };
}
