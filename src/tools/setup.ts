import { SquallError } from '../base/errors.ts';
import { type FindOptions, type FoundTool, findTool, type ToolName } from './find.ts';

export type SetUpTools = Record<ToolName, FoundTool>;

/**
 * Both tools, from wherever they can be had. Tries the second even if the first is missing, so that one call tells
 * all; throws SQ-TOOL-MISSING for those that are.
 */
export async function setUpTools(options: Omit<FindOptions, 'explicit'>): Promise<SetUpTools> {
  const missing: SquallError[] = [];
  const take = async (tool: ToolName) => {
    try {
      const found = await findTool(tool, options);
      options.say(`${tool} ${found.version}: ${found.path} (${found.source})`);
      return found;
    } catch (error) {
      if (!(error instanceof SquallError)) throw error;
      missing.push(error);
      return undefined;
    }
  };
  // One after the other: two Go builds at a time take longer than both in turn on two cores.
  const otelcol = await take('otelcol');
  const prometheus = await take('prometheus');
  if (otelcol !== undefined && prometheus !== undefined) return { otelcol, prometheus };
  const [first, ...others] = missing.map((error) => error.parts);
  if (first === undefined) throw new Error('a tool is missing without an error');
  throw new SquallError(first, { others });
}
