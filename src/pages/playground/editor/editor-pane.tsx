import { useEffect, useRef, useState } from 'preact/hooks'
import type { Editor, EditorOptions } from './create-editor.ts'

// Asked for at once, shown when it is there: the page is not to wait for it.
const loading = import('./create-editor.ts')

export interface EditorPaneProps {
  language: string
  label: string
  /** The text to show; another `version` of it replaces what was typed. */
  text: string
  version: number
  onChange: (text: string) => void
  onRun: () => void
  onReady: (editor: Editor) => void
  /** What other keys do: those of the first time it is shown. */
  keys?: EditorOptions['keys']
  numbered?: boolean
}

/** The editor. It owns its text while one version of it is shown. */
export function EditorPane(props: EditorPaneProps) {
  const { language, label, text, version, onChange, onRun, onReady, keys, numbered = true } = props
  const parent = useRef<HTMLDivElement>(null)
  const [editor, setEditor] = useState<Editor | null>(null)
  const handlers = useRef({ onChange, onRun, onReady })
  handlers.current = { onChange, onRun, onReady }

  useEffect(() => {
    let made: Editor | undefined
    let gone = false
    void loading.then(({ createEditor }) => {
      if (gone || !parent.current) return
      made = createEditor({
        parent: parent.current,
        label,
        onChange: (typed) => handlers.current.onChange(typed),
        onRun: () => handlers.current.onRun(),
        ...(keys && { keys }),
        numbered,
      })
      setEditor(made)
      handlers.current.onReady(made)
    })
    return () => {
      gone = true
      made?.destroy()
    }
  }, [label])
  useEffect(() => editor?.show(text, language), [editor, version, language])

  return <div class="editor" ref={parent} aria-busy={editor === null} />
}
