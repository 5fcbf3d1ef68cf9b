import Anser from 'anser';

/** A run of text in one look; `className` is empty for plain text. */
export interface Span {
  text: string;
  className: string;
}

// Window titles and links: ESC ] ... BEL, or ESC ] ... ESC \.
const operatingSystemCommand = /\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)/g;

/**
 * A log line as text and class names. Nothing of a log is ever set as HTML. Of a progress line,
 * which rewrites itself after each carriage return, only the last state is kept.
 */
export function spansOf(line: string): Span[] {
  const settled = line.includes('\r') ? line.slice(line.trimEnd().lastIndexOf('\r') + 1) : line;
  const parts = Anser.ansiToJson(settled.replace(operatingSystemCommand, ''), {
    use_classes: true,
    json: true,
    remove_empty: true,
  });
  return parts.map((part) => ({ text: part.content, className: classesOf(part) }));
}

function classesOf(part: { fg: string; bg: string; decorations?: string[] }): string {
  const names = [part.fg, part.bg ? `${part.bg}-bg` : ''];
  for (const decoration of part.decorations ?? []) names.push(`ansi-${decoration}`);
  return names.filter(Boolean).join(' ');
}

export const plainText = (line: string): string =>
  spansOf(line)
    .map((span) => span.text)
    .join('');
