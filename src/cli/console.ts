import { maskSecrets } from '../base/mask.ts';

/** Flags that every command has, and those of the scenario commands. */
export interface GlobalFlags {
  out?: string;
  json?: boolean;
  quiet?: boolean;
  color: boolean;
  target?: string;
  seed?: string;
  runId?: string;
  set?: string[];
  capture?: boolean;
  yes?: boolean;
  run?: string;
  all?: boolean;
  context?: string;
  namespace?: string;
  kubeconfig?: string;
  printConfig?: boolean;
  grpc?: string;
  http?: string;
  signal?: string;
  rate?: string;
  duration?: string;
  protocol?: string;
  batch?: string;
  threads?: string;
  durable?: boolean;
  kubernetes?: boolean;
  image?: string;
  imagePullSecret?: string[];
  service?: string;
  from?: string;
  to?: string;
  bench?: boolean;
  open?: boolean;
  index?: boolean;
  quick?: boolean;
  thorough?: boolean;
  resume?: string;
}

/** Where OTLP is to be had unless a flag or a target says otherwise: the ports of its specification. */
export const defaultOtlp = { grpc: '127.0.0.1:4317', http: '127.0.0.1:4318' };

/** Where words go: people's output to stderr, a command's product to stdout. */
export interface Console {
  /** A line for people. */
  say(line: string): void;
  /** The command's product. With --json nothing else goes to stdout. */
  print(text: string): void;
  tty: boolean;
  color: boolean;
}

export function createConsole(flags: GlobalFlags): Console {
  // A dumb terminal can neither go back in a line nor colour it.
  const able = process.stderr.isTTY === true && process.env.TERM !== 'dumb';
  return {
    say: (line) => {
      process.stderr.write(`${line}\n`);
    },
    print: (text) => {
      process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
    },
    tty: able && flags.quiet !== true,
    color: flags.color && able,
  };
}

/** The same, without these values in what people see; a command's product is masked by who makes it. */
export function maskConsole(console: Console, secrets: readonly string[]): Console {
  return { ...console, say: (line) => console.say(maskSecrets(line, secrets)) };
}
