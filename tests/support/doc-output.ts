/**
 * Holds what a command wrote to what a document shows. White space may differ; `...` stands for anything; ids, keys, times and
 * versions for any others, the same one for the same throughout. What differs anyway (`wallMs`, `cpuMs`, `memoryPeakBytes`) is
 * any number.
 */
const TOKEN =
  /(?<any>\.{3})|(?<space>\s+)|(?<uuid>[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})|(?<event>\b\d{13}-\d+\b)|(?<key>\bry_[\da-f]{12}_[\da-f]+)|(?<hex>\b(?=\w*\d)[\da-f]{12}\b)|(?<time>\b\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d\.\d{3}Z| \d\d:\d\d(?::\d\d)?)?)|(?<address>\b\d+(?:\.\d+){3}\b)|(?<version>\b\d+\.\d+\.\d+\b)|(?<user>\(root\))|(?<figure>"(?:wallMs|cpuMs|memoryPeakBytes)":[\d.]+)/g

const HOLES: Record<string, string> = {
  uuid: '[\\da-f]{8}(?:-[\\da-f]{4}){3}-[\\da-f]{12}',
  event: '\\d{13}-\\d+',
  key: 'ry_[\\da-f]{12}_[\\da-f]+',
  hex: '[\\da-f]{12}',
}
const TIME = '\\d{4}-\\d\\d-\\d\\d(?:T\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z|\\s\\d\\d:\\d\\d(?::\\d\\d)?)?'

/**
 * @returns what stands for what the document shows, for ids and keys; undefined when the output is another
 */
export function matchOutput(shown: string, actual: string): Map<string, string> | undefined {
  const names = new Map<string, string>()
  let pattern = ''
  let from = 0
  for (const match of shown.trim().matchAll(TOKEN)) {
    const [text] = match
    const [kind = ''] = Object.entries(match.groups ?? {}).find(([, value]) => value !== undefined) ?? []
    pattern += escaped(shown.trim().slice(from, match.index))
    from = match.index + text.length
    pattern += holeFor(kind, text, names)
  }
  pattern += escaped(shown.trim().slice(from))
  const found = new RegExp(`^${pattern}$`, 's').exec(withWholeLines(actual).trim())
  if (found === null) return undefined
  return new Map([...names].map(([text, name]) => [text, found.groups?.[name] ?? '']))
}

const EVENT =
  /^(?:(?:id|retry): .*\n|event: (?<type>.*)\n)+data: (?<head>\{"stage":"[^"]*","data":")(?<text>.*)(?<tail>","encoding":"utf-8"\})$/

/** A line may come in several events of output: where a program is held up in the middle of it. Documents show it in one. */
function withWholeLines(events: string): string {
  const whole: string[] = []
  for (const block of events.split('\n\n')) {
    const [before, now] = [whole.at(-1), block].map((text = '') => EVENT.exec(text)?.groups)
    const goesOn = before?.['type'] === now?.['type'] && before?.['head'] === now?.['head']
    if (before && now && goesOn && !before['text']?.endsWith('\\n')) {
      whole[whole.length - 1] = `${whole.at(-1)?.slice(0, -(before['tail'] ?? '').length)}${now['text']}${now['tail']}`
    } else whole.push(block)
  }
  return whole.join('\n\n')
}

function holeFor(kind: string, text: string, names: Map<string, string>): string {
  if (kind === 'any') return '.*?'
  if (kind === 'space') return '\\s*'
  if (kind === 'time') return TIME
  if (kind === 'version') return '\\d+\\.\\d+\\.\\d+'
  if (kind === 'user') return '\\([\\w-]+\\)'
  if (kind === 'figure') return `${text.slice(0, text.indexOf(':') + 1)}[\\d.]+`
  const hole = HOLES[kind]
  if (hole === undefined) return escaped(text)
  const known = names.get(text)
  if (known !== undefined) return `\\k<${known}>`
  const name = `id${names.size}`
  names.set(text, name)
  return `(?<${name}>${hole})`
}

const escaped = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
