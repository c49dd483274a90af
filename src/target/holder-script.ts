/** Stands in its command line, behind its text. */
export const holderName = 'squall-hold';

export function isHolder(command: string): boolean {
  return command.includes(` ${holderName} `);
}

/** What it may take once its runner is gone: 60 tries for each of two folders, and as much again on a busy machine. */
export const holderEndMs = 12_000;

/**
 * The holder: a fixed POSIX shell text. All that varies comes as positional arguments, so that no text of a user is
 * ever read as shell: $1 cgroup folders, $2 `file=value` limits, $3 `bytes=folder` volumes in memory (each one per
 * line), then the command and its arguments. stdin is a pipe from the runner, fd 3 takes the reports `pid PID STAT` and `exit STATUS`.
 *
 * The shell and its watcher are a session of their own. The end of the runner, by SIGKILL too, closes the pipe; the
 * watcher then sends SIGKILL (which also ends a stopped process), removes the folders and ends the session. Either
 * of the two is enough: the shell does the same when the process ends by itself.
 *
 * A process that cannot be moved (the kernel refuses real-time ones) is not started: it would run without its limits.
 * Reports go on when nobody reads them any more: SIGPIPE would end the shell between the process and its watcher.
 * `echo 0` into cgroup.procs moves the writing process, here the subshell before its exec. A folder stays EBUSY until
 * the kernel has let go of its last process, hence the 60 tries of 50 ms.
 */
export const holderScript = `
exec 4<&0 5>&1 </dev/null >/dev/null 2>&1
trap '' PIPE
set -f
IFS='
'
path=\${PATH:-/usr/bin:/bin}
PATH=/usr/bin:/bin:/usr/sbin:/sbin:$path
dirs=$1 writes=$2 volumes=$3
shift 3
for d in $dirs; do mkdir -p "$d"; done
for w in $writes; do echo "\${w#*=}" >"\${w%%=*}"; done
for v in $volumes; do mount -t tmpfs -o "size=\${v%%=*},mode=0700" squall "\${v#*=}"; done
clean() {
  for v in $volumes; do umount "\${v#*=}" || umount -l "\${v#*=}"; done
  for d in $dirs; do
    i=0
    while [ -d "$d" ] && [ $i -lt 60 ]; do
      while read -r p; do kill -9 "$p"; done <"$d/cgroup.procs"
      rmdir "$d" && break
      sleep 0.05
      i=$((i + 1))
    done
  done
}
(
  for d in $dirs; do
    echo 0 >"$d/cgroup.procs" && continue
    echo "Error: no process may be moved into $d, so its limit would not be kept" >&5
    exit 125
  done
  PATH=$path
  trap - PIPE
  exec "$@" >&5 2>&1 3>&- 4<&- 5>&-
) &
child=$!
read -r stat <"/proc/$child/stat"
echo "pid $child $stat" >&3
(
  while read -r x; do :; done <&4
  kill -9 $child
  clean
  kill -9 -$$
) 3>&- 5>&- &
watcher=$!
exec 4<&- 5>&-
wait $child
status=$?
echo "exit $status" >&3
kill -9 $watcher
clean
kill -9 -$$
`;
