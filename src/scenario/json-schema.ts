import { z } from 'zod';
import type { Fault } from '../fault/fault.ts';
import { scenarioSchema } from './schema.ts';

/** The JSON Schema of a scenario file, for editors: what `squall schema` prints. */
export function scenarioJsonSchema(faults: Record<string, Fault>): Record<string, unknown> {
  const schema = z.toJSONSchema(scenarioSchema(faults), {
    io: 'input',
    unrepresentable: 'any',
    target: 'draft-7',
  });
  return { title: 'squall scenario', ...schema };
}
