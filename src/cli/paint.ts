import { styleText } from 'node:util'

export type Format = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** The text in that colour or weight, where colours are shown; elsewhere as it is. */
export type Paint = (format: Format, text: string) => string

/** Without colours. */
export const plain: Paint = (_format, text) => text

/**
 * For what is written to a stream. `NO_COLOR`, when it is not empty, has no colours shown; else `FORCE_COLOR` has them shown, unless
 * it is `0` or `false`; without both they are shown on terminals, except with `TERM=dumb`.
 */
export function paintFor(stream: { isTTY?: boolean }, env: Environment): Paint {
  return showsColour(stream, env) ? (format, text) => (text === '' ? '' : coloured(format, text)) : plain
}

type Environment = Readonly<Record<string, string | undefined>>

export function showsColour({ isTTY = false }: { isTTY?: boolean }, env: Environment): boolean {
  if (env['NO_COLOR']) return false
  const force = env['FORCE_COLOR']
  if (force !== undefined) return force !== '0' && force !== 'false'
  return isTTY && env['TERM'] !== 'dumb'
}

/** Whether to colour is decided above: Node's own check would look at another stream. */
const coloured = (format: Format, text: string) => styleText(format, text, { validateStream: false })

/** Of how a job stands or ended. */
export function statusFormat(status: string): Format {
  if (status === 'succeeded') return 'green'
  if (status === 'queued' || status === 'cancelled') return 'dim'
  return status === 'running' ? 'cyan' : 'red'
}
