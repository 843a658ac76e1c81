import { createLogUpdate } from 'log-update';

/** One line of a view that changes. */
export type LiveLine = {
  /** The same each time the line is shown. */
  name: string;
  text: string;
  /** Where lines are appended, it is printed when this has changed: what is worth a new line in a log. Null: not yet. */
  news: string | null;
};

export type LiveLines = {
  show(lines: readonly LiveLine[]): void;
  /** Leaves what was shown last, and goes on below it. */
  done(): void;
};

/** Faster nobody reads, and drawing would take longer than the work. */
const REDRAW_MS = 80;

/**
 * Shows progress: on a terminal all lines, redrawn in place; elsewhere a line whenever it has news, so that a log stays
 * readable.
 */
export function liveLines(
  stream: NodeJS.WriteStream,
  now: () => number = () => performance.now(),
): LiveLines {
  // A terminal that does not tell its size, as in some logs of CI, would be shown nothing.
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
      const text = lines.map((line) => line.text).join('\n');
      if (now() - drawnAt < REDRAW_MS) waiting = text;
      else drawNow(text);
    },
    done() {
      if (waiting !== null) drawNow(waiting);
      draw.done();
    },
  };
}

/** A line whenever it has news, on terminals too: for what has more lines than a screen. */
export function appendedLines(stream: NodeJS.WriteStream): LiveLines {
  const printed = new Map<string, string>();
  return {
    show(lines) {
      for (const { name, text, news } of lines) {
        if (news === null || printed.get(name) === news) continue;
        printed.set(name, news);
        stream.write(`${text}\n`);
      }
    },
    done: () => undefined,
  };
}
