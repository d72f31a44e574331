import { useEffect, useRef, useState } from 'preact/hooks'
import { RunyardError, type SessionHandle } from '../../../client/client.ts'
import { keyStore } from '../../client/key-store.ts'
import { CloseIcon } from '../../design/icons.tsx'
import { messageOf } from '../../design/plain-detail.ts'
import type { TerminalView } from './create-terminal.ts'
import { openTerminalSocket, type TerminalSocket } from './terminal-socket.ts'

/** Started with, the first of them that there is. */
const SHELL = 'if command -v bash >/dev/null; then exec bash -i; else exec sh -i; fi'

/** Where the shell of a panel is; it outlives the panel. */
export interface ShellPlace {
  session: string
  command: string
}

export interface TerminalPanelProps {
  shell: { current: ShellPlace | null }
  /** The session, started where there is none. */
  open: () => Promise<SessionHandle>
  onClose: () => void
}

/** A shell in the session. It goes on while the panel is closed, until the session ends. */
export function TerminalPanel({ shell, open, onClose }: TerminalPanelProps) {
  const place = useRef<HTMLDivElement>(null)
  const [ended, setEnded] = useState<string | null>(null)
  const [isLoading, setLoading] = useState(true)
  /** Rises with each connection that is asked for. */
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    let view: TerminalView | undefined
    let socket: TerminalSocket | undefined
    let gone = false
    const connect = async () => {
      const { createTerminal } = await import('./create-terminal.ts')
      const session = await open()
      if (gone || !place.current) return
      view = createTerminal({
        parent: place.current,
        onInput: (data) => socket?.write(data),
        onResize: (size) => socket?.resize(size),
      })
      const started =
        shell.current?.session === session.id
          ? shell.current
          : {
              session: session.id,
              command: (await session.commands.start(SHELL, { terminal: view.size(), background: true })).id,
            }
      // Also when the panel was closed meanwhile: the shell runs, and is found again by this.
      shell.current = started
      if (gone) return
      socket = openTerminalSocket(started.session, started.command, keyStore.read(), {
        onData: (bytes) => view?.write(bytes),
        onEnd(why, isOver) {
          if (isOver) shell.current = null
          setEnded(why)
        },
      })
      socket.resize(view.size())
      setLoading(false)
      view.focus()
    }
    setEnded(null)
    setLoading(true)
    connect().catch((error: unknown) => {
      if (gone) return
      setLoading(false)
      setEnded(error instanceof RunyardError ? messageOf(error) : `The terminal cannot be shown: ${String(error)}`)
    })
    return () => {
      gone = true
      socket?.close()
      view?.close()
    }
  }, [turn])
  return (
    <section class="pane terminal-panel" aria-label="Terminal">
      <header class="pane-bar">
        <h2>Terminal</h2>
        <span class="faint">{isLoading ? 'Starting …' : 'F6 leaves it'}</span>
        <span class="spacer" />
        <button type="button" class="button quiet square" aria-label="Close the terminal" onClick={onClose}>
          <CloseIcon />
        </button>
      </header>
      <div class="terminal-place" ref={place} />
      {ended !== null && (
        <div class="notice warn" role="status">
          <p>{ended}</p>
          <div class="actions">
            <button type="button" class="button" onClick={() => setTurn(turn + 1)}>
              {shell.current === null ? 'Start a shell' : 'Connect again'}
            </button>
          </div>
        </div>
      )}
    </section>
  )
}
