import { type Scalar, visit } from 'yaml';
import type { Mistake, Path } from './mistakes.ts';
import { pathOf, type YamlText } from './yaml-text.ts';

const reference = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

export interface Environment {
  env: Record<string, string | undefined>;
  /** Values that came from the environment go in here. */
  secrets: Set<string>;
}

/**
 * Fills ${NAME} and ${NAME:-default} into the string values of `text`, as a shell does: a default stands in for an
 * empty value too; $${ stays ${. Keys are left alone. `base`: where the text stands in the scenario.
 */
export function fillEnvironment(text: YamlText, base: Path, environment: Environment): Mistake[] {
  const mistakes: Mistake[] = [];
  visit(text.document, {
    Scalar: (key, node, ancestors) => {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return;
      const missing = fillScalar(text, node as Scalar<string>, environment);
      const path = [...base, ...pathOf([...ancestors, node])];
      mistakes.push(
        ...missing.map((name) => missingName(path, { name, written: text.written.get(node) ?? '' })),
      );
    },
  });
  return mistakes;
}

/** Gives the names that the environment lacks. */
function fillScalar(text: YamlText, node: Scalar<string>, environment: Environment): string[] {
  const missing: string[] = [];
  const fill = (_: string, name: string, fallback: string | undefined) => {
    const value = environment.env[name];
    if (value === undefined && fallback === undefined) missing.push(name);
    if (value === undefined || value === '') return fallback ?? '';
    environment.secrets.add(value);
    return value;
  };
  text.written.set(node, node.value);
  node.value = node.value
    .split('$${')
    .map((piece) => piece.replace(reference, fill))
    .join('${');
  return missing;
}

function missingName(path: Path, one: { name: string; written: string }): Mistake {
  return {
    code: 'SQ-ENV-MISSING',
    path,
    what: `the environment has no ${one.name}`,
    expected: `${one.name} in the environment, or a default as in \${${one.name}:-value}`,
    found: one.written,
    next: `export ${one.name}=...`,
  };
}
