/**
 * Characters that cannot be seen as what they are: controls of both sorts but the tab, and what separates lines or turns the text
 * around.
 */
// oxlint-disable-next-line no-control-regex -- control characters are what this is about
export const ODD = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g

/** What stands for a character that cannot be shown: a picture of a control, else its number. */
export function nameOf(character: string): string {
  const code = character.charCodeAt(0)
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  if (code === 0x7f) return '\u2421'
  return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`
}

/** A text of a stranger as one that can be shown among others: line ends stay, other odd characters are named. */
export const shown = (text: string): string =>
  text.replaceAll(ODD, (character) => (character === '\n' ? character : nameOf(character)))
