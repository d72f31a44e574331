/** How a terminal shows images in its text. */
export type ImageProtocol = 'kitty' | 'iterm2'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * By what the terminal says of itself in the environment.
 * @returns undefined when it shows none, or does not say so
 */
export function imageProtocol({ isTTY = false }: { isTTY?: boolean }, env: Environment): ImageProtocol | undefined {
  const program = env['TERM_PROGRAM'] ?? ''
  // Multiplexers do not pass images on.
  if (!isTTY || env['TMUX'] || env['STY']) return undefined
  if (env['KITTY_WINDOW_ID'] || env['TERM'] === 'xterm-kitty' || program === 'ghostty') return 'kitty'
  return ['iTerm.app', 'WezTerm', 'vscode', 'mintty'].includes(program) ? 'iterm2' : undefined
}

/** Of base64 in one message of kitty's. */
const PIECE = 4096

/**
 * A PNG as the terminal takes it. Sources: https://sw.kovidgoyal.net/kitty/graphics-protocol (pieces of at most 4096 characters, `m=1`
 * on all but the last) and https://iterm2.com/documentation-images.html.
 */
export function imageSequence(protocol: ImageProtocol, png: Uint8Array): string {
  const base64 = Buffer.from(png).toString('base64')
  if (protocol === 'iterm2') return `\x1b]1337;File=inline=1;size=${png.length}:${base64}\x07\n`
  let text = ''
  for (let at = 0; at < base64.length || at === 0; at += PIECE) {
    const more = at + PIECE < base64.length ? 1 : 0
    const control = at === 0 ? `a=T,f=100,m=${more}` : `m=${more}`
    text += `\x1b_G${control};${base64.slice(at, at + PIECE)}\x1b\\`
  }
  return `${text}\n`
}
