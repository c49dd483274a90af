import { Command, CommanderError, Option } from 'commander';
import { type ErrorParts, errorCodes, formatError, SquallError } from './base/errors.ts';
import { commands, type LoadCommand } from './cli/commands.ts';
import { createConsole, type GlobalFlags } from './cli/console.ts';
import { ownVersion } from './run/own-version.ts';

/** Reads the command line, runs one command and ends the process with its exit code. */
export async function main(argv: string[]): Promise<void> {
  // A reader that went away (a closed terminal, `| head`) must not end a run half-way: its report is on disk.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  process.exitCode = await runMain(argv);
  // Sockets of a target that hangs must not keep the process: everything that matters is on disk by now.
  process.exit();
}

async function runMain(argv: string[]): Promise<number> {
  let exitCode = 0;
  const program = buildProgram((code) => {
    exitCode = code;
  });
  if (argv.length <= 2) {
    process.stderr.write(program.helpInformation());
    return errorCodes['SQ-USAGE'].exit;
  }
  try {
    await program.parseAsync(argv);
    return exitCode;
  } catch (error) {
    return printError(error);
  }
}

/** Prints an error in its three parts on stderr and gives the exit code. */
function printError(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0; // --help and --version
    process.stderr.write(`${formatError(usageParts(error.message, process.argv[2]))}\n`);
    return errorCodes['SQ-USAGE'].exit;
  }
  if (error instanceof SquallError) {
    for (const parts of [error.parts, ...error.others]) process.stderr.write(`${formatError(parts)}\n`);
    return error.exitCode;
  }
  const shown = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const parts = {
    code: 'SQ-INTERNAL',
    what: 'a defect in squall',
    found: shown,
    next: 'squall recover --all',
  } as const;
  process.stderr.write(`${formatError(parts)}\n`);
  return errorCodes['SQ-INTERNAL'].exit;
}

/** Only the command is repeated: a flag's value may be a secret. */
function usageParts(message: string, command = ''): ErrorParts {
  const [what = '', hint = ''] = message.replace(/^error: /, '').split('\n');
  const meant = /^\(Did you mean (?:one of )?([^,?]+)/.exec(hint)?.[1];
  const known = what.startsWith('unknown command') ? 'squall' : `squall ${command}`;
  return {
    code: 'SQ-USAGE',
    what,
    where: `squall ${command}`,
    next: meant === undefined ? `${known} --help` : `${known} ${meant}`,
  };
}

function buildProgram(done: (code: number) => void): Command {
  const program = new Command('squall');
  program
    .description('Chaos and load testing for OpenTelemetry pipelines, with an exact ledger of every item')
    .version(ownVersion(), '--version')
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .showHelpAfterError(false);
  const verb = (words: string, description: string, load: LoadCommand) => {
    const command = program.command(words).description(description).exitOverride();
    addGlobalFlags(command);
    command.action(async (...received: unknown[]) => {
      const flags = command.opts<GlobalFlags>();
      const args = received
        .slice(0, -2)
        .flat()
        .filter((value) => typeof value === 'string');
      const act = await load();
      done(await act(createConsole(flags), flags, args));
    });
    return command;
  };
  const scenario = '[scenario]';
  addScenarioFlags(
    verb(`run ${scenario}`, 'run a scenario and judge it (default: quickstart)', commands.run),
  ).option('--capture', 'keep every request body that reached the sink under evidence/');
  addScenarioFlags(
    verb(`plan ${scenario}`, 'print the timeline, what would be touched and the worst loss', commands.plan),
  );
  addScenarioFlags(
    verb(`validate ${scenario}`, 'check a scenario and report all of its mistakes', commands.validate),
  );
  addCapacityFlags(
    verb(`capacity ${scenario}`, 'find the highest rate at which every SLO holds', commands.capacity),
  );
  addScenarioFlags(
    verb(`gameday ${scenario}`, 'follow the steps of a drill, with people present', commands.gameday),
  ).option('--yes', 'a rehearsal: go on at every question without asking');
  const worse = 'what got worse between two runs, or folders of runs, or the sides that a scenario names';
  addScenarioFlags(verb('compare <baseline> [candidate]', worse, commands.compare));
  verb('report [run]', 'write the reports of a finished run again from its evidence', commands.report)
    .option('--open', 'show the page in a browser')
    .option('--index', 'write index.html over all runs of a folder (default: reports) with their trend');
  verb('recover', 'undo everything that a dead run left behind', commands.recover)
    .option('--run <id>', 'only this run')
    .option('--all', 'every run known on this machine')
    .option('--context <name>', 'also what dead runs left in the cluster of this context')
    .option('--namespace <name>', 'with --context: where the runs kept their record')
    .option('--kubeconfig <file>', 'with --context; default: as kubectl finds it');
  verb('halt', 'stop a running run and roll it back', commands.halt).option('--run <id>', 'only this run');
  verb('doctor', 'what this machine can do for squall', commands.doctor).option(
    '--bench',
    'measure what load and sink reach here (20 s); plan then warns of more than 70 % of it',
  );
  verb('setup', 'find or build the collector and Prometheus', commands.setup);
  addLoadFlags(verb('load', 'send a load alone to an endpoint and tell what it answers', commands.load));
  addSinkFlags(verb(`sink ${scenario}`, 'run the sink alone', commands.sink));
  verb('init', 'write a commented scenario', commands.init)
    .option('--from <file>', 'a collector configuration to start from')
    .option('--to <file>', 'where to write it', 'scenario.yaml');
  verb(
    'explain [topic] [name]',
    'explain fault|measure|target|code, all of them or the one named',
    commands.explain,
  );
  verb('schema', 'print the JSON Schema of a scenario', commands.schema);
  return program;
}

function addGlobalFlags(command: Command): void {
  command
    .option(
      '--out <dir>',
      'folder of the run (default: reports/<run id>, of a sink alone reports/<run id>-sink)',
    )
    .option('--json', 'machine output on stdout and nothing else there')
    .option('--quiet', 'no live line')
    .addOption(
      new Option('--no-color', 'no colours').default(
        process.env.NO_COLOR === undefined || process.env.NO_COLOR === '',
      ),
    );
}

function addCapacityFlags(command: Command): void {
  addScenarioFlags(command)
    .option('--quick', 'a third of the time; the answer is indicative')
    .option('--thorough', '14 confirmations in the place of 5')
    .option('--resume <dir>', 'go on with the search of this folder');
}

function addLoadFlags(command: Command): void {
  command
    .option('--grpc <address>', 'HOST:PORT for OTLP/gRPC (default: 127.0.0.1:4317)')
    .option(
      '--http <address>',
      'HOST:PORT for OTLP/HTTP in its place (default with --protocol http/...: 127.0.0.1:4318)',
    )
    .option('--signal <name>', 'traces, metrics or logs (default: traces)')
    .option('--rate <items>', 'items per second (default: 1000)')
    .option('--duration <time>', 'how long (default: 30s)')
    .option('--protocol <name>', 'grpc, http/protobuf or http/json')
    .option('--batch <items>', 'items per request (default: 100)');
  addRunFlags(command);
}

function addSinkFlags(command: Command): void {
  addScenarioFlags(command)
    .option('--print-config', 'print what to add to a collector so that it exports to the sink')
    .option('--grpc <address>', 'HOST:PORT for OTLP/gRPC (default: the target’s sink, or 127.0.0.1:4317)')
    .option('--http <address>', 'HOST:PORT for OTLP/HTTP (default: the target’s sink, or 127.0.0.1:4318)')
    .option('--threads <n>', 'threads that share the addresses (Linux)', '1')
    .option('--durable', 'what it accepted is on disk before it answers')
    .option('--kubernetes', 'as a pod of a cluster; its evidence comes here')
    .option('--context <name>', 'with --kubernetes: of the kubeconfig')
    .option('--kubeconfig <file>', 'with --kubernetes; default: as kubectl finds it')
    .option('-n, --namespace <name>', 'with --kubernetes: where the pod stands')
    .option('--service <name>', 'with --kubernetes: the Service that leads to it', 'squall-sink')
    .option('--image <name>', 'with --kubernetes: one of k8s/Dockerfile that the nodes can have')
    .option(
      '--image-pull-secret <name>',
      'a Secret there that the image is pulled with (repeatable)',
      collect,
    );
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

function addScenarioFlags(command: Command): Command {
  return addRunFlags(command.option('--target <file>', 'replace the target block by this file’s'));
}

function addRunFlags(command: Command): Command {
  return command
    .option('--seed <n>', 'seed of every random choice', '1')
    .option('--run-id <id>', 'identity of the run (default: random)')
    .option('--set <path=value>', 'override one value of the scenario (repeatable)', collect, []);
}
