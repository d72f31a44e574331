import { FitAddon } from '@xterm/addon-fit'
import { Terminal } from '@xterm/xterm'
import type { TerminalSize } from '../../../client/client.ts'
import { onTheme } from '../../design/theme.ts'

/** A terminal on the page. */
export interface TerminalView {
  write(bytes: Uint8Array): void
  clear(): void
  focus(): void
  size(): TerminalSize
  close(): void
}

export interface TerminalViewOptions {
  parent: HTMLElement
  onInput: (data: string) => void
  onResize: (size: TerminalSize) => void
}

/**
 * Runs what makes style elements by the page's document: they bear what the content security policy lets count. The terminal asks the
 * document for them, whatever it is told to use in its place.
 */
function withNonce(make: () => void): void {
  const nonce = document.querySelector<HTMLLinkElement>('link[rel=stylesheet][nonce]')?.nonce ?? ''
  const createElement = document.createElement.bind(document)
  document.createElement = (tag: string, options?: ElementCreationOptions) => {
    const made = createElement(tag, options)
    if (made instanceof HTMLStyleElement) made.nonce = nonce
    return made
  }
  try {
    make()
  } finally {
    Reflect.deleteProperty(document, 'createElement')
  }
}

/** The colours of the page. */
function theme() {
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string) => style.getPropertyValue(name).trim()
  const names = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const
  const bright = [
    'brightBlack',
    'brightRed',
    'brightGreen',
    'brightYellow',
    'brightBlue',
    'brightMagenta',
    'brightCyan',
    'brightWhite',
  ] as const
  return {
    background: colour('--surface'),
    foreground: colour('--ink'),
    cursor: colour('--ink'),
    cursorAccent: colour('--surface'),
    selectionBackground: colour('--code-selection'),
    ...Object.fromEntries([...names, ...bright].map((name, index) => [name, colour(`--ansi-${index}`)])),
  }
}

export function createTerminal({ parent, onInput, onResize }: TerminalViewOptions): TerminalView {
  const terminal = new Terminal({
    theme: theme(),
    fontFamily: getComputedStyle(document.documentElement).getPropertyValue('--font-mono').trim(),
    fontSize: 13,
    scrollback: 5000,
    // What programs write to links leads nowhere from here.
    linkHandler: { activate: () => undefined },
    screenReaderMode: true,
  })
  const fit = new FitAddon()
  terminal.loadAddon(fit)
  withNonce(() => terminal.open(parent))
  // Tab is the shell's; a way out for those who have no pointer.
  terminal.attachCustomKeyEventHandler((event) => {
    if (event.type !== 'keydown' || event.key !== 'F6') return true
    document.getElementById('cells')?.focus()
    return false
  })
  terminal.onData(onInput)
  terminal.onResize(({ cols, rows }) => onResize({ columns: cols, rows }))
  const observer = new ResizeObserver(() => fit.fit())
  observer.observe(parent)
  fit.fit()
  const unfollow = onTheme(() => (terminal.options.theme = theme()))
  return {
    write: (bytes) => terminal.write(bytes),
    clear: () => terminal.reset(),
    focus: () => terminal.focus(),
    size: () => ({ columns: terminal.cols, rows: terminal.rows }),
    close() {
      observer.disconnect()
      unfollow()
      terminal.dispose()
    },
  }
}
