import Anser from 'anser';

/** A run of text in one look; `className` is empty for plain text. */
export interface Span {
  text: string;
  className: string;
}

// Strings for the terminal (titles, links, the clipboard): ESC ] ... BEL, ESC P ... ESC \ and their like, which end
// with the line at the latest; and short sequences that have nothing to do with colours.
const forTheTerminal =
  /\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|(?=\x1b)|$)|\x1b[ -/]+[0-~]?|\x1b[0-OQ-WYZ\\`-~]/g;
// What is no colour and no text.
const otherControls = /[\u0000-\u0008\u000b\u000c\u000e-\u001a\u001c-\u001f\u007f-\u009f]/g;

/**
 * A log line as text and class names. Nothing of a log is ever set as HTML. Of a progress line,
 * which rewrites itself after each carriage return, only the last state is kept.
 */
export function spansOf(line: string): Span[] {
  const settled = line.includes('\r') ? line.slice(line.trimEnd().lastIndexOf('\r') + 1) : line;
  const coloured = settled.replace(forTheTerminal, '').replace(otherControls, '');
  const parts = Anser.ansiToJson(coloured, {
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
