#!/usr/bin/env node
// Plain JavaScript that any Node can read: finds a Node >= 24 and runs squall under it.
// From a checkout it runs src/cli.ts (types are stripped by Node); from the npm package, dist/cli.js.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';

const NEEDED = 24;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, 'src', 'cli.ts');
const entry = existsSync(source) ? source : join(root, 'dist', 'cli.js');

/** The binary of an installed `node` package of the needed version, beside squall or in the current folder. */
function findNode() {
  for (const from of [root, process.cwd()]) {
    try {
      const manifest = createRequire(join(from, 'package.json')).resolve('node/package.json');
      const major = Number(createRequire(manifest)(manifest).version.split('.')[0]);
      const binary = join(dirname(manifest), 'bin', 'node');
      if (major >= NEEDED && existsSync(binary)) return binary;
    } catch {
      // Not installed there: the next place is tried, and the message below says what to do.
    }
  }
  return undefined;
}

function runUnder(binary) {
  const child = spawn(binary, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
    // By this the run knows whose end is its own: that of this process, which may be killed without a word.
    env: { ...process.env, SQUALL_LAUNCHER: String(process.pid) },
  });
  // A terminal sends Ctrl-C to both processes; the child decides when to end, and this one waits for it.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(name, () => {
      if (name !== 'SIGINT' || !process.stdin.isTTY) child.kill(name);
    });
  }
  child.on('error', (error) => {
    process.stderr.write(`SQ-USAGE cannot start ${binary}: ${error.message}\n`);
    process.exit(4);
  });
  child.on('exit', (code, signal) => process.exit(signal ? 137 : (code ?? 4)));
}

if (Number(process.versions.node.split('.')[0]) >= NEEDED) {
  // Every thread that reads TypeScript runs Node's stripper, which is WebAssembly. V8 13.6 compiles a faster wrapper
  // for its calls into JavaScript after 1,000 of them, and freeing what another thread had compiled meanwhile can end
  // the process by SIGSEGV (Runtime_TierUpWasmToJSWrapper -> WasmEngine::FreeDeadCode). Never reached, never freed.
  setFlagsFromString('--wasm-wrapper-tiering-budget=1000000000');
  const { main } = await import(pathToFileURL(entry).href);
  await main(process.argv);
} else {
  const binary = findNode();
  if (binary === undefined) {
    process.stderr.write(
      `SQ-USAGE squall needs Node ${NEEDED} or newer\n  where  this is Node ${process.versions.node}\n  do     npm install node@${NEEDED}\n`,
    );
    process.exit(3);
  }
  runUnder(binary);
}
