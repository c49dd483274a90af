import type { Answer } from './answers.ts';
import { goalWords } from './capacity.ts';
import type { CapacityReport } from './capacity-types.ts';
import { formatCount, formatNumber, oneLine } from './format.ts';

/** What a person asks of a capacity plan, in the place of what is asked of a run. */
export function capacityAnswers(capacity: CapacityReport, { next }: { next: string }): Answer[] {
  const step = capacity.kind === 'found' ? planWith(capacity) : next;
  return [howMuch(capacity), whatBreaks(capacity), howSure(capacity), ...howMany(capacity), doNext(step)];
}

function howMuch(capacity: CapacityReport): Answer {
  const { kind, pods, claim, items, lowerPerS, upperPerS } = capacity;
  const of = pods === 1 ? 'one replica' : `${formatCount(pods)} replicas together`;
  const claimed =
    claim === undefined ? '' : `; the claim of ${formatCount(claim.perS)} ${items}/s each ${claim.verdict}`;
  const above = upperPerS === 'Infinity' ? '' : `, and not ${formatCount(Math.ceil(upperPerS))}`;
  const detail = `${of}${above}${kind === 'found' ? '' : '; not confirmed'}${claimed}`;
  const carried = `${formatCount(Math.floor(lowerPerS))} ${items}/s`;
  return { question: 'How much does it carry?', answer: lowerPerS <= 0 ? 'not known' : carried, detail };
}

function whatBreaks({ kind, binding, upperPerS }: CapacityReport): Answer {
  const question = 'What breaks first?';
  if (binding === null) {
    const tried = upperPerS === 'Infinity' ? 'no rate that was tried broke a goal' : 'not decided';
    return { question, answer: tried, detail: '' };
  }
  const at = upperPerS === 'Infinity' ? '' : `at ${formatCount(Math.ceil(upperPerS))}/s`;
  // Sure is only what fresh trials said; below it they fail now and then, as the ends are as far apart as the noise.
  const sure = kind === 'found' && at !== '' ? `for sure ${at}, now and then below it` : at;
  const detail = [goalWords[binding]?.broken ?? '', sure].filter((part) => part !== '').join(', ');
  return { question, answer: oneLine(binding, 80), detail };
}

function howSure({ confirmation, noise, kind, reason, pace, trials }: CapacityReport): Answer {
  const question = 'How sure is that?';
  const noisy = noise === null ? '' : `noise ${formatNumber(100 * noise, 2)} %`;
  if (kind !== 'found') return { question, answer: 'not confirmed', detail: oneLine(reason, 110) };
  if (confirmation === null) return { question, answer: 'not confirmed by fresh trials', detail: noisy };
  const { passed, of, failedAbove, ofAbove } = confirmation;
  const spoiled = trials.filter(({ status }) => status === 'invalid').length;
  const detail = [
    'fresh trials',
    noisy,
    ...(spoiled === 0 ? [] : [`${formatCount(spoiled)} of ${formatCount(trials.length)} do not count`]),
    ...(pace === 'quick' ? ['a quick search'] : []),
  ];
  return {
    question,
    answer: `${passed} of ${of} passed, ${failedAbove} of ${ofAbove} failed above`,
    detail: detail.filter((part) => part !== '').join('; '),
  };
}

function howMany({ sizing, items }: CapacityReport): Answer[] {
  if (sizing === undefined) return [];
  const question = `How many for ${formatCount(sizing.peakPerS)} ${items}/s?`;
  return [
    {
      question,
      answer: `${formatCount(sizing.replicas)} replicas`,
      detail: `${sizing.word} with safety ${sizing.safetyFactor}, ${sizing.tolerateLoss} to spare, at least ${sizing.minReplicas}`,
    },
  ];
}

/** A capacity that was found is there to be planned with, above all where another had been claimed. */
function planWith({ lowerPerS, pods, claim, items, sizing, autoscaling }: CapacityReport): string {
  const each = `plan with ${formatCount(Math.floor(lowerPerS / pods))} ${items}/s each`;
  const instead = claim?.verdict === 'does not hold' ? `, not with ${formatCount(claim.perS)}` : '';
  const many =
    sizing === undefined
      ? ''
      : `: ${formatCount(sizing.replicas)} replicas for ${formatCount(sizing.peakPerS)}/s`;
  const proof = sizing?.word === 'computed' ? '; try that many first' : '';
  const { shortMinutes = 0 } = autoscaling ?? {};
  const hpa =
    shortMinutes > 0 ? `; change the HPA: too few pods for ${formatNumber(shortMinutes, 3)} min a day` : '';
  return `${each}${instead}${many}${proof}${hpa}`;
}

function doNext(next: string): Answer {
  return { question: 'What next?', answer: next, detail: '' };
}
