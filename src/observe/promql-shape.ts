import type { SyntaxNode } from '@lezer/common';
import { aggregateName, children, functionName, has } from './promql-tree.ts';

const manyResults = new Set(['topk', 'bottomk', 'limitk', 'limit_ratio', 'count_values']);
const oneResult = new Set(['scalar', 'vector', 'time', 'absent', 'absent_over_time', 'pi']);

/** Whether the expression gives one series at most, whatever the data. */
export function isOneSeries(node: SyntaxNode, text: string): boolean {
  const parts = children(node);
  switch (node.name) {
    case 'NumberDurationLiteral':
    case 'StringLiteral':
      return true;
    case 'AggregateExpr': {
      if (manyResults.has(aggregateName(node, text))) return false;
      const labels = node.getChild('AggregateModifier');
      return labels === null || (labels.getChild('By') !== null && has(labels, isLabel) === false);
    }
    case 'FunctionCall': {
      const name = functionName(node, text);
      if (oneResult.has(name)) return true;
      const inputs = children(node.getChild('FunctionCallBody') ?? node);
      if (name === 'histogram_quantile' || name === 'histogram_fraction')
        return inputs.some((input) => isOneHistogram(input, text));
      return inputs.length > 0 && inputs.every((input) => isOneSeries(input, text));
    }
    case 'BinaryExpr': {
      const sides = parts.filter(isExpression);
      const both =
        node.getChild('Or') !== null || has(node, (inner) => /^Group(Left|Right)$/.test(inner.name));
      const vectors = sides.filter((side) => side.name !== 'NumberDurationLiteral');
      if (node.getChild('And') !== null || node.getChild('Unless') !== null)
        return vectors[0] !== undefined && isOneSeries(vectors[0], text);
      return both
        ? vectors.every((side) => isOneSeries(side, text))
        : vectors.length === 0 || vectors.some((side) => isOneSeries(side, text));
    }
    case 'ParenExpr':
    case 'UnaryExpr':
    case 'SubqueryExpr':
    case 'OffsetExpr':
    case 'StepInvariantExpr':
      return parts.filter(isExpression).some((inner) => isOneSeries(inner, text));
    default:
      return false;
  }
}

/** Classic buckets summed by le alone, or a native histogram summed. */
function isOneHistogram(node: SyntaxNode, text: string): boolean {
  if (node.name === 'ParenExpr') return children(node).some((inner) => isOneHistogram(inner, text));
  if (node.name !== 'AggregateExpr') return false;
  const labels = node.getChild('AggregateModifier');
  if (labels === null) return true;
  return (
    labels.getChild('By') !== null && /^by\s*\(\s*le\s*,?\s*\)$/i.test(text.slice(labels.from, labels.to))
  );
}

function isLabel(node: SyntaxNode): boolean {
  return node.name === 'LabelName' || node.name === 'QuotedLabelName';
}

function isExpression(node: SyntaxNode): boolean {
  return /(Expr|Selector|FunctionCall|NumberDurationLiteral|StringLiteral)$/.test(node.name);
}
