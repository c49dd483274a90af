import type { SyntaxNode, Tree } from '@lezer/common';

/** One thing that makes a query give a wrong number over a test window; `from`, `to` are offsets into the query. */
export interface QueryProblem {
  what: string;
  expected: string;
  found: string;
  next: string;
  from: number;
  to: number;
  /** The answer itself shows whether it is so. */
  seenInAnswer?: true;
}

export function functionName(node: SyntaxNode, text: string): string {
  const name = node.name === 'FunctionCall' ? node.getChild('FunctionIdentifier') : null;
  return name === null ? '' : text.slice(name.from, name.to).toLowerCase();
}

export function aggregateName(node: SyntaxNode, text: string): string {
  const name = node.name === 'AggregateExpr' ? node.getChild('AggregateOp') : null;
  return name === null ? '' : text.slice(name.from, name.to).toLowerCase();
}

export function has(node: SyntaxNode, wanted: (inner: SyntaxNode) => boolean): boolean {
  return children(node).some((inner) => wanted(inner) || has(inner, wanted));
}

export function children(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) found.push(child);
  return found;
}

export function syntaxErrors(tree: Tree, query: string): QueryProblem[] {
  const found: QueryProblem[] = [];
  tree.iterate({
    enter: ({ node }) => {
      if (!node.type.isError || found.length > 0) return;
      const at = query.slice(node.from, Math.max(node.to, node.from + 20));
      found.push({
        what: 'the query is not PromQL',
        expected: 'a PromQL expression',
        found: at === '' ? 'the end of the query' : at,
        next: 'squall explain measure',
        from: node.from,
        to: node.to,
      });
    },
  });
  if (query.trim() === '' && found.length === 0)
    found.push({
      what: 'the query is empty',
      expected: 'a PromQL expression',
      found: 'nothing',
      next: 'squall explain measure',
      from: 0,
      to: 0,
    });
  return found;
}
