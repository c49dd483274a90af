/** Of /proc/PID/stat (proc_pid_stat(5)). Ticks are of USER_HZ, 100 a second on every Linux that squall runs on. */
export interface ProcessStat {
  /** R, S, D, T (stopped), Z (ended, not yet reaped), X. */
  state: string;
  parentPid: number;
  /** User and system time of all its threads. */
  cpuTicks: number;
  /** The same of its children that ended and were waited for. */
  endedTicks: number;
  /** Since boot; tells a process from a later one with the same pid. 0 in a line that is none. */
  startTicks: number;
}

export function parseProcessStat(stat: string): ProcessStat {
  // Field 2 is a name that may hold spaces and brackets: count from the last ')', behind which field 3 stands.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const number = (field: number) => Number(fields[field - 3] ?? 0) || 0;
  return {
    state: fields[0] ?? '',
    parentPid: number(4),
    cpuTicks: number(14) + number(15),
    endedTicks: number(16) + number(17),
    startTicks: number(22),
  };
}
