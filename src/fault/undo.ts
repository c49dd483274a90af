import { existsSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { syncFolder } from '../base/checked-lines.ts';
import { runTag } from '../target/held-process.ts';
import { clusterRemains, removeFromCluster } from './cluster-undo.ts';
import { dockerRemains, executeDockerUndo, reloadContainer } from './docker-undo.ts';
import type { Undo } from './fault.ts';
import { goneContexts, kindRemains, removeKind } from './kind-undo.ts';
import { objectRemains, placeOf, restoreInCluster } from './object-undo.ts';
import { findTagged, readProcess, signalExactly } from './process-table.ts';
import { controlGroupsOf, removeControlGroups, removeWork, workRemains } from './run-remains.ts';

export interface UndoResult {
  done: boolean;
  reason: string;
}

/** Undoes one thing. Idempotent; a target that is gone is done, with that as the reason. Never throws. */
export async function executeUndo(undo: Undo): Promise<UndoResult> {
  try {
    return await undoNow(undo);
  } catch (error) {
    return {
      done: false,
      reason: `${describeUndo(undo)}: ${error instanceof Error ? error.message : error}`,
    };
  }
}

async function undoNow(undo: Undo): Promise<UndoResult> {
  switch (undo.kind) {
    case 'signal':
      return signalExactly(undo, undo.signal)
        ? { done: true, reason: `${undo.signal} sent to ${undo.pid}` }
        : { done: true, reason: `process ${undo.pid} is gone` };
    case 'unlink': {
      const there = existsSync(undo.path);
      rmSync(undo.path, { force: true });
      return { done: true, reason: there ? `${undo.path} removed` : `${undo.path} is gone` };
    }
    case 'restore-file':
      return restoreFile(undo);
    case 'remove-folder': {
      const there = existsSync(undo.path);
      if (there) rmdirSync(undo.path);
      return { done: true, reason: there ? `${undo.path} removed` : `${undo.path} is gone` };
    }
    case 'remove-tree': {
      if (!basename(undo.path).startsWith('squall-'))
        return { done: false, reason: `${undo.path} is not ours` };
      const there = existsSync(undo.path);
      rmSync(undo.path, { recursive: true, force: true });
      return { done: true, reason: there ? `${undo.path} removed` : `${undo.path} is gone` };
    }
    case 'remove-work':
      removeWork(undo.runDir);
      return { done: true, reason: `the work folder of ${undo.runDir} is gone` };
    case 'control-groups': {
      const removed = removeControlGroups(undo);
      return { done: true, reason: removed.length === 0 ? 'no control group is left' : `${removed} removed` };
    }
    case 'write-values':
      for (const { file, value } of undo.writes.filter((one) => existsSync(one.file)))
        writeFileSync(file, value);
      return { done: true, reason: 'limits restored, where their group is there' };
    case 'in-process':
      return { done: true, reason: `${undo.what}: ends with the runner` };
    case 'in-pod':
      return { done: true, reason: `${undo.what}: ends by itself` };
    case 'kind-cluster':
      return { done: true, reason: await removeKind(undo) };
    case 'kubernetes-restore':
      return { done: true, reason: await restoreInCluster(undo) };
    case 'kubernetes-run':
    case 'kubernetes-made':
    case 'kubernetes-agents':
    case 'agent-order':
      return { done: true, reason: await removeFromCluster(undo) };
    default:
      return { done: true, reason: await executeDockerUndo(undo) };
  }
}

/** One rename puts the prior file back and takes the copy away, so that a second undo finds nothing to do. */
async function restoreFile(undo: Extract<Undo, { kind: 'restore-file' }>): Promise<UndoResult> {
  if (!existsSync(undo.from)) return { done: true, reason: `${undo.path} is as it was` };
  renameSync(undo.from, undo.path);
  syncFolder(dirname(undo.path));
  if (undo.signal !== undefined && 'pid' in undo.signal) signalExactly(undo.signal, undo.signal.signal);
  else if (undo.signal !== undefined) await reloadContainer(undo.signal);
  return { done: true, reason: `${undo.path} restored` };
}

export function describeUndo(undo: Undo): string {
  switch (undo.kind) {
    case 'signal':
      return `${undo.signal} to ${undo.pid}`;
    case 'unlink':
    case 'remove-folder':
    case 'remove-tree':
      return `removal of ${undo.path}`;
    case 'restore-file':
      return `restoring ${undo.path}`;
    case 'remove-work':
      return `removal of the work folder of ${undo.runDir}`;
    case 'control-groups':
      return `removal of control groups ${undo.prefixes.join(', ')}`;
    case 'write-values':
      return `limits in ${undo.writes.map(({ file }) => file).join(', ')}`;
    case 'in-process':
    case 'in-pod':
      return undo.what;
    case 'kind-cluster':
      return `deletion of cluster ${undo.name}`;
    case 'agent-order':
      return `withdrawal of order ${undo.order} from the agents in ${undo.cluster.context}/${undo.namespace}`;
    case 'kubernetes-agents':
      return `removal of the agents in ${undo.cluster.context}/${undo.namespace}`;
    case 'kubernetes-restore':
      return `restoring ${placeOf(undo)}`;
    case 'kubernetes-made':
      return `removal of ${undo.name} in ${undo.cluster.context}/${undo.namespace}`;
    case 'kubernetes-run':
      return `removal of the objects of ${undo.run} in ${undo.cluster.context}/${undo.namespace}`;
    case 'docker-objects':
      return `removal of the containers and networks of ${undo.runId}`;
    case 'docker-unpause':
    case 'docker-connect':
    case 'docker-update':
      return `${undo.kind} of container ${undo.container.slice(0, 12)}`;
  }
}

/** What of an undo can still be seen, or undefined. Reads the state back; trusts no record. */
export async function remainsOf(undo: Undo): Promise<string | undefined> {
  switch (undo.kind) {
    case 'signal': {
      const found = readProcess(undo.pid);
      const stopped = found?.startTicks === undo.startTicks && found.state === 'T';
      return stopped ? `process ${undo.pid} is stopped` : undefined;
    }
    case 'unlink':
    case 'remove-folder':
    case 'remove-tree':
      return existsSync(undo.path) ? `${undo.path} exists` : undefined;
    case 'restore-file':
      return existsSync(undo.from) ? `${undo.path} is not restored (${undo.from})` : undefined;
    case 'remove-work':
      return workRemains(undo.runDir);
    case 'control-groups': {
      const left = controlGroupsOf(undo);
      return left.length === 0 ? undefined : `control group ${left.join(', ')} exists`;
    }
    case 'write-values': {
      const changed = undo.writes.filter(({ file, value }) => !holds(file, value)).map(({ file }) => file);
      return changed.length === 0 ? undefined : `${changed.join(', ')} is not restored`;
    }
    case 'in-process':
    case 'in-pod':
      return undefined;
    case 'kind-cluster':
      return kindRemains(undo);
    case 'kubernetes-restore':
      return objectRemains(undo);
    case 'kubernetes-run':
    case 'kubernetes-made':
    case 'kubernetes-agents':
    case 'agent-order':
      return clusterRemains(undo);
    default:
      return dockerRemains(undo);
  }
}

/** A group that is gone holds nothing any more. */
function holds(file: string, value: string): boolean {
  return !existsSync(file) || readFileSync(file, 'utf8').trim() === value;
}

/** Everything of the run that is still here: its tagged processes, alive or stopped, and what undos would take away. */
export async function leftovers(runId: string, undos: readonly Undo[] = []): Promise<string[]> {
  const processes = findTagged(runTag, runId).map(
    ({ pid, state, command }) => `process ${pid} (${state === 'T' ? 'stopped' : 'alive'}): ${command}`,
  );
  const gone = await goneContexts(undos);
  const there = undos.filter((undo) => !('cluster' in undo && gone.has(undo.cluster.context)));
  const remains = await Promise.all(there.map(remainsOf));
  return [...processes, ...remains.filter((line) => line !== undefined)];
}
