import type { ComponentChildren } from 'preact'
import { useId, useLayoutEffect, useRef } from 'preact/hooks'
import { CloseIcon } from './icons.tsx'

const FIRST_CONTROL = '.body :is(input, select, textarea, button, a[href]):not(:disabled)'

/**
 * A modal dialog, open for as long as it is rendered. The browser keeps the focus inside and gives it back.
 * @param onClose is called when it is to go away: Escape, the button, a click beside it
 */
export function Dialog({
  title,
  onClose,
  children,
}: {
  title: string
  onClose: () => void
  children: ComponentChildren
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useId()
  // Before anything else happens: whoever presses Escape sees it, and means it.
  useLayoutEffect(() => {
    dialog.current?.showModal()
    // Left to itself the browser takes the button that closes it, which comes first.
    dialog.current?.querySelector<HTMLElement>(FIRST_CONTROL)?.focus()
  }, [])
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- a click beside it; Escape does the same
    <dialog
      class="dialog"
      ref={dialog}
      aria-labelledby={heading}
      onClose={onClose}
      onMouseDown={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      <header>
        <h2 id={heading}>{title}</h2>
        <button type="button" class="button quiet square" aria-label="Close" onClick={() => dialog.current?.close()}>
          <CloseIcon />
        </button>
      </header>
      <div class="body">{children}</div>
    </dialog>
  )
}
