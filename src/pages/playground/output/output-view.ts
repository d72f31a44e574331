import { createAnsiParser, PLAIN, type Style, type Token } from './ansi.ts'
import { followEnd } from './follow-end.ts'
import { createOpenLine, isPlain, type Run } from './open-line.ts'

export type Stream = 'stdout' | 'stderr' | 'stdin'
export type Shown = 'all' | 'stdout' | 'stderr'

/**
 * Shows what programs write, as text and nothing else: it only ever makes `div`, `span` and text nodes.
 *
 * Text goes into blocks of lines; the browser lays out only those that are in sight (`content-visibility`), so a
 * hundred thousand lines are a few hundred elements, can be searched and selected, and wrap. Writing is spread over frames.
 */
export interface OutputView {
  write(stream: Stream, text: string): void
  /** A line between stages. */
  heading(text: string): void
  clear(): void
  /** Shows at once what is still to come, when that is not much. */
  settle(): void
  /** Shows one stream alone, or all. */
  filter(shown: Shown): void
  /** Goes to the end and follows it from now on. */
  toEnd(): void
  /** What is shown, as text. */
  text(): string
  close(): void
}

type Entry = { stream: Stream; text: string } | { heading: string }

const BLOCK_LINES = 200
const BLOCK_CHARS = 16_384
const BLOCK_RUNS = 2_000
/** Height of a line; the style sheet has the same. */
const LINE_EM = 1.55
/** A line of more is broken. */
const LINE_CHARS = 8_192
/** What is parsed before the clock is looked at. */
const SLICE_CHARS = 8_192
const FRAME_MS = 8
/** What can be shown at once without being felt. */
const SETTLED_CHARS = 64 * 1024

/**
 * @param scroller the element that scrolls
 * @param onFollow is told whether the end is followed, which begins so
 */
export function createOutputView(scroller: HTMLElement, onFollow?: (follows: boolean) => void): OutputView {
  const content = document.createElement('div')
  scroller.append(content)
  const end = followEnd(scroller, content, onFollow)
  let entries: Entry[] = []
  let next = 0
  let within = 0
  let shown: Shown = 'all'
  let frame = 0
  let writer = createWriter(content)

  const work = () => {
    frame = 0
    writeUntil(performance.now() + FRAME_MS)
    if (next < entries.length) schedule()
  }
  const writeUntil = (until: number) => {
    while (next < entries.length && performance.now() < until) {
      const entry = entries[next]
      if (!entry) break
      if ('heading' in entry) {
        writer.heading(entry.heading)
        next += 1
      } else {
        const slice = entry.text.slice(within, within + SLICE_CHARS)
        if (shown === 'all' || shown === entry.stream) writer.write(entry.stream, slice)
        within += SLICE_CHARS
        if (within >= entry.text.length) {
          next += 1
          within = 0
        }
      }
    }
    writer.showOpenLine()
    end.stay()
  }
  // A page that is not looked at gets no frames.
  const schedule = () => {
    if (frame !== 0) return
    frame = document.hidden ? window.setTimeout(work, 50) : requestAnimationFrame(work)
  }
  const again = () => {
    content.replaceChildren()
    writer = createWriter(content)
    next = within = 0
    end.resume()
    schedule()
  }

  return {
    write(stream, text) {
      if (text === '') return
      entries.push({ stream, text })
      schedule()
    },
    heading(text) {
      entries.push({ heading: text })
      schedule()
    },
    clear() {
      entries = []
      again()
    },
    settle() {
      const left = entries.slice(next).reduce((sum, entry) => sum + ('text' in entry ? entry.text.length : 0), -within)
      if (left <= SETTLED_CHARS) writeUntil(Infinity)
    },
    filter(wanted) {
      if (wanted === shown) return
      shown = wanted
      again()
    },
    toEnd: () => end.resume(),
    text: () => Array.from(content.childNodes, (part) => textOf(part)).join(''),
    close: () => end.close(),
  }
}

/** The text of a block has its line ends; a heading is a line. */
function textOf(part: Node): string {
  const isHeading = part instanceof HTMLElement && part.className === 'stage'
  return `${part.textContent ?? ''}${isHeading ? '\n' : ''}`
}

function createWriter(content: HTMLElement) {
  // Both streams have their own state of colours, and share the line, as on a terminal.
  const parsers = { stdout: createAnsiParser(), stderr: createAnsiParser(), stdin: createAnsiParser() }
  const styles: Record<Stream, Style> = { stdout: PLAIN, stderr: PLAIN, stdin: PLAIN }
  const line = createOpenLine()
  let block: HTMLElement | undefined
  let size = { lines: 0, chars: 0, runs: 0 }
  /** Plain text that waits to become one text node. */
  let plain = ''
  let open: HTMLElement | undefined

  const flush = () => {
    if (plain === '') return
    block?.append(plain)
    plain = ''
  }
  /** A block to which nothing is added any more need not be laid out while nobody sees it. */
  const close = () => {
    flush()
    if (!block) return
    block.style.containIntrinsicHeight = `auto ${(size.lines * LINE_EM).toFixed(2)}em`
    block.classList.add('closed')
    block = undefined
  }
  const commit = (ends: '\n' | '') => {
    open?.remove()
    open = undefined
    if (!block || size.lines >= BLOCK_LINES || size.chars >= BLOCK_CHARS || size.runs >= BLOCK_RUNS) {
      close()
      block = document.createElement('div')
      block.className = 'block'
      content.append(block)
      size = { lines: 0, chars: 0, runs: 0 }
    }
    for (const run of line.take()) {
      size.chars += run.text.length
      if (isPlain(run)) plain += run.text
      else {
        flush()
        block.append(spanOf(run))
        size.runs += 1
      }
    }
    plain += ends
    size.lines += 1
  }
  const take = (token: Token, stream: Stream) => {
    if (token.kind === 'text' || token.kind === 'odd') {
      const source = token.kind === 'odd' ? 'odd' : stream
      for (let at = 0; at < token.text.length; at += LINE_CHARS) {
        line.write({ text: token.text.slice(at, at + LINE_CHARS), style: styles[stream], source })
        if (line.length() >= LINE_CHARS) commit('')
      }
    } else if (token.kind === 'newline') commit('\n')
    else if (token.kind === 'style') styles[stream] = token.style
    else if (token.kind === 'return') line.toStart()
    else if (token.kind === 'backspace') line.back()
    else line.erase()
  }

  return {
    write(stream: Stream, text: string) {
      for (const token of parsers[stream].parse(text)) take(token, stream)
    },
    heading(text: string) {
      if (line.length() > 0) commit('\n')
      close()
      open?.remove()
      open = undefined
      const heading = document.createElement('div')
      heading.className = 'stage'
      heading.textContent = text
      content.append(heading)
    },
    /** The line that is being written is drawn anew each time. */
    showOpenLine() {
      flush()
      open?.remove()
      open = undefined
      if (line.length() === 0) return
      open = document.createElement('span')
      open.append(...line.runs().map((run) => (isPlain(run) ? run.text : spanOf(run))))
      if (block) block.append(open)
      else content.append(open)
    },
  }
}

function spanOf({ text, style, source }: Run): HTMLElement {
  const span = document.createElement('span')
  span.textContent = text
  const { ink, ground, inverse } = style
  const [front, back] = inverse ? [ground ?? 'back', ink ?? 'front'] : [ink, ground]
  const names: string[] = source === 'stdout' ? [] : [source]
  for (const name of ['bold', 'faint', 'italic', 'underline', 'struck'] as const) if (style[name]) names.push(name)
  // The sixteen as a ground have the ink that they are legible as ink on, whatever else goes with them on a terminal.
  if (!inverse && typeof ground === 'number') span.style.color = 'var(--surface)'
  else if (front !== null) span.style.color = back === null ? legible(front) : colourOf(front)
  if (back !== null) span.style.backgroundColor = colourOf(back)
  // A colour that a program gave goes before that of a stream.
  span.className = names.join(' ')
  return span
}

/** On the ground of the page, so dark or light that it can be read; one that a program gave its own ground is as it says. */
const legible = (colour: number | string): string =>
  typeof colour === 'string' && colour.startsWith('rgb')
    ? `oklch(from ${colour} clamp(var(--ink-darkest), l, var(--ink-lightest)) c h)`
    : colourOf(colour)

const colourOf = (colour: number | string): string => {
  if (colour === 'front') return 'var(--ink)'
  if (colour === 'back') return 'var(--surface)'
  return typeof colour === 'number' ? `var(--ansi-${colour})` : colour
}
