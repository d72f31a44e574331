import { closeBrackets, closeBracketsKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, indentWithTab, isolateHistory } from '@codemirror/commands'
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language'
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search'
import { Compartment, EditorState } from '@codemirror/state'
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { highlightingOf } from './highlighting.ts'

/** An editor of one text at a time. */
export interface Editor {
  text(): string
  /** Shows another text in its place. Undoing brings the one before back, where that is of the same language. */
  show(text: string, language: string): void
  focus(): void
  /** Puts the cursor there. @param line from 1 */
  goTo(line: number): void
  destroy(): void
}

export interface EditorOptions {
  parent: HTMLElement
  label: string
  onChange: (text: string) => void
  /** Ctrl-Enter, Cmd-Enter. */
  onRun: () => void
  /** What other keys do, by their name, e.g. `Shift-Enter`. */
  keys?: Readonly<Record<string, () => void>>
  /** Whether lines are numbered; they are when it is absent. */
  numbered?: boolean
}

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.moduleKeyword, tags.controlKeyword, tags.operatorKeyword], color: 'var(--code-keyword)' },
  { tag: [tags.string, tags.special(tags.string), tags.regexp, tags.character], color: 'var(--code-string)' },
  { tag: [tags.number, tags.bool, tags.null, tags.atom, tags.escape], color: 'var(--code-number)' },
  { tag: tags.meta, color: 'var(--code-comment)' },
  { tag: tags.comment, color: 'var(--code-comment)', fontStyle: 'italic' },
  {
    tag: [
      tags.function(tags.variableName),
      tags.function(tags.propertyName),
      tags.definition(tags.function(tags.variableName)),
    ],
    color: 'var(--code-function)',
  },
  { tag: [tags.typeName, tags.className, tags.namespace, tags.standard(tags.variableName)], color: 'var(--code-type)' },
  { tag: [tags.definitionKeyword], color: 'var(--code-keyword)' },
  { tag: tags.invalid, color: 'var(--bad)' },
])

const look = EditorView.theme({
  '&': { height: '100%', backgroundColor: 'var(--surface)', color: 'var(--ink)', fontSize: 'var(--code-size)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--font-mono)', lineHeight: '1.55' },
  '.cm-content': { padding: '0.625rem 0', caretColor: 'var(--ink)' },
  '.cm-line': { padding: '0 1rem 0 0.5rem' },
  '.cm-gutters': {
    backgroundColor: 'var(--surface)',
    color: 'var(--ink-faint)',
    border: 'none',
    paddingLeft: '0.25rem',
  },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--code-line)' },
  '.cm-activeLineGutter': { color: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)', borderLeftWidth: '2px' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--code-selection)',
  },
  '.cm-selectionMatch': { backgroundColor: 'var(--accent-wash)' },
  '&.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--code-selection)', outline: 'none' },
  '.cm-panels': { backgroundColor: 'var(--sunken)', color: 'var(--ink)', borderColor: 'var(--line)' },
  '.cm-textfield': { backgroundColor: 'var(--surface)', borderColor: 'var(--line-strong)', color: 'var(--ink)' },
  '.cm-button': {
    backgroundImage: 'none',
    backgroundColor: 'var(--raised)',
    borderColor: 'var(--line-strong)',
    color: 'var(--ink)',
  },
  '.cm-searchMatch': { backgroundColor: 'var(--warn-wash)' },
  '.cm-searchMatch-selected': { backgroundColor: 'var(--code-selection)' },
})

/**
 * Text that is typed over a selection. Left to itself, Chromium deletes the selection and gives what follows the colour it had,
 * in a style attribute, which the content security policy refuses and the editor would remove.
 */
function typeOverSelection(event: InputEvent, view: EditorView): boolean {
  const { data } = event
  const { from, to } = view.state.selection.main
  if (event.inputType !== 'insertText' || !data || event.isComposing || from === to) return false
  const insert = () =>
    view.state.update(view.state.replaceSelection(data), { userEvent: 'input.type', scrollIntoView: true })
  const handlers = view.state.facet(EditorView.inputHandler)
  if (!handlers.some((handle) => handle(view, from, to, data, insert))) view.dispatch(insert())
  return true
}

/** What the content security policy lets style elements of this page have. */
const nonce = () => document.querySelector<HTMLLinkElement>('link[rel=stylesheet][nonce]')?.nonce ?? ''

export function createEditor(options: EditorOptions): Editor {
  const { parent, label, onChange, onRun, keys = {}, numbered = true } = options
  const language = new Compartment()
  let shown = ''
  let quiet = false
  const stateOf = (doc: string) =>
    EditorState.create({
      doc,
      extensions: [
        EditorView.cspNonce.of(nonce()),
        numbered ? lineNumbers() : [],
        history(),
        drawSelection(),
        indentOnInput(),
        indentUnit.of('    '),
        bracketMatching(),
        closeBrackets(),
        highlightActiveLine(),
        highlightActiveLineGutter(),
        highlightSelectionMatches(),
        syntaxHighlighting(colours),
        look,
        language.of([]),
        EditorView.domEventHandlers({ beforeinput: typeOverSelection }),
        keymap.of([
          { key: 'Mod-Enter', run: () => (onRun(), true) },
          ...Object.entries(keys).map(([key, act]) => ({ key, run: () => (act(), true) })),
          ...closeBracketsKeymap,
          ...defaultKeymap,
          ...searchKeymap,
          ...historyKeymap,
          indentWithTab,
        ]),
        EditorView.contentAttributes.of({
          'aria-label': label,
          tabindex: '0',
          autocorrect: 'off',
          autocapitalize: 'off',
          spellcheck: 'false',
        }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !quiet) onChange(update.state.doc.toString())
        }),
      ],
    })
  const view = new EditorView({ state: stateOf(''), parent })

  return {
    text: () => view.state.doc.toString(),
    show(text, id) {
      quiet = true
      const { doc } = view.state
      if (shown === id) {
        view.dispatch({
          changes: { from: 0, to: doc.length, insert: text },
          selection: { anchor: 0 },
          annotations: isolateHistory.of('full'),
        })
      } else view.setState(stateOf(text))
      quiet = false
      if (shown === id) return
      shown = id
      // Without it the text is plain, and can be worked on all the same.
      const highlighting = highlightingOf(id).catch(() => undefined)
      void highlighting.then((support) => {
        // Another language may have been asked for meanwhile.
        if (shown === id) view.dispatch({ effects: language.reconfigure(support ?? []) })
      })
    },
    focus: () => view.focus(),
    goTo(line) {
      const { from } = view.state.doc.line(Math.min(Math.max(1, line), view.state.doc.lines))
      view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: 'center' }) })
      view.focus()
    },
    destroy: () => view.destroy(),
  }
}
