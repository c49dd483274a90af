import { setPriority } from 'node:os';

/** Well above what a system under test runs at (0), well below what the kernel itself uses. */
const nice = -10;

/**
 * Puts the calling thread before the system under test on a shared machine, so that a busy machine shows in the
 * target's figures and not as a late generator. On Linux setpriority(2) with 0 means the calling thread alone. Needs
 * root or CAP_SYS_NICE; without it the thread stays as it is and the report's validity tells whether that sufficed.
 */
export function raisePriority(): boolean {
  try {
    setPriority(0, nice);
    return true;
  } catch {
    return false; // no right to: said above
  }
}
