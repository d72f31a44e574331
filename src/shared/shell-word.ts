/** A text as one word of a script of sh, bash or zsh, whatever is in it. */
export const shellWord = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
