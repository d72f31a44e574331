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
      if (text === undefined || Date.now() - (shown.get(text) ?? 0) < QUIET_MS) continue
      shown.set(text, Date.now())
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

/** One log line for a person; undefined when it is not a warning, an error or plain text. */
export function summarise(line: string): string | undefined {
  if (!line.startsWith('{')) return line.trim() === '' ? undefined : line
  let entry: { level?: number; msg?: string; err?: { message?: string } }
  try {
    entry = JSON.parse(line) as typeof entry
  } catch {
    return line
  }
  const level = entry.level ?? 0
  if (level < WARN) return undefined
  const cause = entry.err?.message === undefined ? '' : `: ${entry.err.message}`
  return `${level >= ERROR ? 'error' : 'warning'}: ${entry.msg ?? ''}${cause}`
}

async function sizeOf(file: string): Promise<number> {
  return await stat(file).then(
    ({ size }) => size,
    () => 0,
  )
}
