import { closeSync, openSync, writeSync } from 'node:fs';

/**
 * Keeps every core of a Linux machine from halting until released: a process that is woken on a halted core of a virtual
 * machine waits for the host first. Undefined where that is not allowed (it takes root).
 *
 * The request to the kernel, a 32-bit count of microseconds of wake-up latency, holds as long as the file is open:
 * https://docs.kernel.org/power/pm_qos_interface.html
 */
export function keepCoresAwake(): { release(): void } | undefined {
  try {
    const file = openSync('/dev/cpu_dma_latency', 'r+');
    writeSync(file, new Int32Array([0]));
    return { release: () => closeSync(file) };
  } catch {
    return undefined;
  }
}
