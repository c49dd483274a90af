import { spawn } from 'node:child_process';

/**
 * Shows a page in the user's browser ($BROWSER, or what the system opens pages with) without waiting for it. Undefined
 * when the program was started, otherwise why not. The file is an argument of its own: no shell sees its name.
 */
export async function openPage(file: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const program = env.BROWSER ?? (process.platform === 'darwin' ? 'open' : 'xdg-open');
  return await new Promise((resolve) => {
    const child = spawn(program, [file], { stdio: 'ignore', detached: true });
    child.once('error', (error) => resolve(`${program}: ${error.message}`));
    child.once('spawn', () => {
      child.unref();
      resolve(undefined);
    });
  });
}
