import type { Change, Stack, StackEvent } from '../shared/aws/stacks.ts';
import { tableLines } from './table.ts';

/** The longest usual status, such as UPDATE_IN_PROGRESS, so that lines printed one by one are aligned. */
const EVENT_WIDTHS = [8, 18];
const SIGNS: Record<string, string> = { Add: '+', Modify: '~', Remove: '-', Import: '+', Dynamic: '?' };

/** A line for each resource that a change set adds, changes or removes; it says if the resource would be replaced. */
export function describeChanges(changes: readonly Change[]): string {
  const rows = changes.flatMap(({ ResourceChange: change }) => {
    if (!change) return [];
    const isReplaced = change.Action === 'Modify' && change.Replacement !== 'False' && change.Replacement;
    const note = isReplaced ? `  replaced${change.Replacement === 'Conditional' ? ' if necessary' : ''}` : '';
    return [
      `  ${SIGNS[change.Action ?? ''] ?? '?'} ${change.LogicalResourceId}  ${change.ResourceType}${note}`,
    ];
  });
  return rows.sort((one, other) => one.slice(4).localeCompare(other.slice(4))).join('\n');
}

/** One event of a stack as a line, with the reason only if something went wrong. */
export function describeEvent({
  Timestamp,
  ResourceStatus,
  LogicalResourceId,
  ResourceType,
  ResourceStatusReason,
}: StackEvent): string {
  const time = Timestamp?.toISOString().slice(11, 19) ?? '';
  const status = String(ResourceStatus ?? '');
  const reason = status.endsWith('FAILED') && ResourceStatusReason ? `: ${ResourceStatusReason}` : '';
  const [line] = tableLines([[time, status, `${LogicalResourceId} (${ResourceType})${reason}`]], {
    indent: '  ',
    widths: EVENT_WIDTHS,
  });
  return line as string;
}

/** Outputs of a stack, aligned. */
export function describeOutputs({ Outputs = [] }: Stack): string {
  const rows = Outputs.map(({ OutputKey, OutputValue }) => [String(OutputKey), String(OutputValue)]);
  return tableLines(rows, { indent: '  ' }).sort().join('\n');
}
