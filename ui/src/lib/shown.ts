// Control characters, those that turn the direction of writing, and those that nobody sees; as
// shownText does it in the host.
const unseen =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\u{e0000}-\u{e007f}]/gu;

const short: Record<string, string> = { '\n': '\\n', '\t': '\\t', '\r': '\\r' };

function escape(character: string): string {
  const code = character.codePointAt(0)!;
  const hex = code.toString(16);
  if (code < 0x80) return short[character] ?? `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

/** The name of a stranger's file as people may see it: it looks like what it is. */
export const shown = (name: string): string => name.replace(unseen, escape);
