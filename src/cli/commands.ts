import type { Console, GlobalFlags } from './console.ts';

/** What one verb does. Returns the exit code. */
type Command = (console: Console, flags: GlobalFlags, args: string[]) => Promise<number>;

/** Loads what its verb needs and no more: all of them together take half a second, for which --help would wait. */
export type LoadCommand = () => Promise<Command>;

export const commands = {
  run: async () => (await import('./run.ts')).runCommand,
  plan: async () => (await import('./scenario.ts')).planCommand,
  validate: async () => (await import('./scenario.ts')).validateCommand,
  capacity: async () => (await import('./capacity.ts')).capacityCommand,
  gameday: async () => (await import('./gameday.ts')).gamedayCommand,
  compare: async () => (await import('./compare.ts')).compareCommand,
  report: async () => (await import('./report.ts')).reportCommand,
  recover: async () => (await import('./recover.ts')).recoverCommand,
  halt: async () => (await import('./recover.ts')).haltCommand,
  doctor: async () => (await import('./machine.ts')).doctorCommand,
  setup: async () => (await import('./machine.ts')).setupCommand,
  load: async () => (await import('./load.ts')).loadCommand,
  sink: async () => (await import('./sink.ts')).sinkCommand,
  init: async () => (await import('./scenario.ts')).initCommand,
  explain: async () => (await import('./scenario.ts')).explainCommand,
  schema: async () => (await import('./scenario.ts')).schemaCommand,
} as const satisfies Record<string, LoadCommand>;
