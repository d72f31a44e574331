import { open, stat } from 'node:fs/promises'
import { setInterval } from 'node:timers'

const WARN = 40
const ERROR = 50
const POLL_MS = 1_000
/** The same message is not shown again within this time. */
const QUIET_MS = 60_000

/** Shows what a child's log file says from now on of warnings and errors, each message at most once a minute. */
export async function watchLog(name: string, file: string, print: (text: string) => void): Promise<{ stop(): void }> {
  let position = await sizeOf(file)
  let rest = ''
  let reading = false
  const shown = new Map<string, number>()
  const poll = async () => {
    const size = await sizeOf(file)
    if (size <= position) return
    const length = Math.min(size - position, 256 * 1024)
    const handle = await open(file)
    const { buffer, bytesRead } = await handle
      .read(Buffer.alloc(length), 0, length, position)
      .finally(() => handle.close())
    position += bytesRead
    const lines = (rest + buffer.toString('utf8', 0, bytesRead)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const text = summarise(line)
      if (text === undefined) continue
      // Ids and numbers differ each time; a flood of one kind from one address is still one.
      const kind = text.replaceAll(/[0-9a-f]{8,}(?:-[0-9a-f]+)*|(?<![\d.:])\d+(?![\d.:])/g, '#')
      if (Date.now() - (shown.get(kind) ?? 0) < QUIET_MS) continue
      shown.set(kind, Date.now())
      print(`${name}: ${text}`)
    }
  }
  const timer = setInterval(() => {
    if (reading) return
    reading = true
    void poll()
      .catch(() => {})
      .finally(() => (reading = false))
  }, POLL_MS)
  timer.unref()
  return { stop: () => clearInterval(timer) }
}

interface Entry {
  level?: number
  msg?: string
  err?: { message?: string }
  [field: string]: unknown
}

/** Fields that each line of a log has, or that stand in the text already. */
const COMMON = new Set(['level', 'time', 'pid', 'hostname', 'name', 'msg', 'err', 'trace_id', 'span_id', 'trace_flags'])
/** A field of more is cut. */
const FIELD_CHARS = 120

/** One log line for a person, with what or whom it is about; undefined when it is not a warning, an error or plain text. */
export function summarise(line: string): string | undefined {
  if (!line.startsWith('{')) return line.trim() === '' ? undefined : visible(line)
  let entry: Entry
  try {
    entry = JSON.parse(line) as Entry
  } catch {
    return visible(line)
  }
  const level = entry.level ?? 0
  if (level < WARN) return undefined
  if (entry.msg === 'security event') return visible(securityEvent(entry))
  const cause = entry.err?.message === undefined ? '' : `: ${entry.err.message}`
  const fields = Object.entries(entry).filter(([name]) => !COMMON.has(name))
  return visible(`${level >= ERROR ? 'error' : 'warning'}: ${entry.msg ?? ''}${cause}${inBrackets(fields)}`)
}

/** e.g. `security: rate-limited: too many requests (address 203.0.113.7, key 0a1b2c3d4e5f, tenant acme)` */
function securityEvent({ kind, detail, address, keyId, endUser, tenant, jobId }: Entry): string {
  const who = inBrackets(Object.entries({ address, key: keyId, 'end user': endUser, tenant, job: jobId }))
  return `security: ${textOf(kind)}: ${textOf(detail)}${who}`
}

function inBrackets(fields: [string, unknown][]): string {
  const told = fields.flatMap(([name, value]) => {
    const text = textOf(value)
    return text === '' ? [] : [`${name} ${text.length > FIELD_CHARS ? `${text.slice(0, FIELD_CHARS)} ...` : text}`]
  })
  return told.length === 0 ? '' : ` (${told.join(', ')})`
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Callers choose part of what is logged: nothing of it may steer the terminal. */
const visible = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  text.replaceAll(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })

async function sizeOf(file: string): Promise<number> {
  return await stat(file).then(
    ({ size }) => size,
    () => 0,
  )
}
