import { useEffect, useRef } from 'preact/hooks'

/** Keys by name, with `Mod+` (Ctrl, or Cmd) or `Alt+` before it. Those without are for where no text is typed. */
export type Shortcuts = Record<string, () => unknown>

/** What somebody else has used already, such as the editor, and keys of an open dialog count for nothing. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const current = useRef(shortcuts)
  current.current = shortcuts
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || document.querySelector('dialog[open]')) return
      // With Alt some keyboards make another character of a key.
      const key =
        event.altKey && event.code.startsWith('Key') ? event.code.slice('Key'.length).toLowerCase() : event.key
      const name = `${event.ctrlKey || event.metaKey ? 'Mod+' : ''}${event.altKey ? 'Alt+' : ''}${key}`
      if (name === '?' && isTyping(event.target)) return
      const shortcut = current.current[name]
      if (!shortcut) return
      event.preventDefault()
      shortcut()
    }
    addEventListener('keydown', onKeyDown)
    return () => removeEventListener('keydown', onKeyDown)
  }, [])
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))
