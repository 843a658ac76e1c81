import { createLogUpdate } from 'log-update';
import { fitLines } from '../print.ts';

/** One line of a changing view. */
export type LiveLine = {
  /** The same each time the line is shown. */
  name: string;
  text: string;
  /** In an append-only log, the line is printed when this value changes. Null: not yet. */
  news: string | null;
};

export type LiveLines = {
  show(lines: readonly LiveLine[]): void;
  /** Keeps what was shown last, and continues below it. */
  done(): void;
};

/** Nobody reads faster, and drawing would take longer than the work. */
const REDRAW_MS = 80;

/**
 * Shows progress: on a terminal all lines, redrawn in place; elsewhere a line only when it has news, so that a log stays
 * readable.
 */
export function liveLines(
  stream: NodeJS.WriteStream,
  now: () => number = () => performance.now(),
): LiveLines {
  // A terminal that does not report its size, as in some CI logs, would show nothing.
  return stream.isTTY && stream.rows > 0 ? redrawn(stream, now) : appendedLines(stream);
}

function redrawn(stream: NodeJS.WriteStream, now: () => number): LiveLines {
  const draw = createLogUpdate(stream);
  let drawnAt = Number.NEGATIVE_INFINITY;
  let waiting: string | null = null;
  const drawNow = (text: string) => {
    draw(text);
    drawnAt = now();
    waiting = null;
  };
  return {
    show(lines) {
      const text = lines.map((line) => fitLines(line.text, stream.columns)).join('\n');
      if (now() - drawnAt < REDRAW_MS) waiting = text;
      else drawNow(text);
    },
    done() {
      if (waiting !== null) drawNow(waiting);
      draw.done();
    },
  };
}

/** Prints a line when it has news, even on terminals: for views with more lines than the screen. */
export function appendedLines(stream: NodeJS.WriteStream): LiveLines {
  const printed = new Map<string, string>();
  return {
    show(lines) {
      for (const { name, text, news } of lines) {
        if (news === null || printed.get(name) === news) continue;
        printed.set(name, news);
        stream.write(`${fitLines(text, stream.columns)}\n`);
      }
    },
    done: () => undefined,
  };
}
