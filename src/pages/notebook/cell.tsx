import { useMemo, useRef } from 'preact/hooks'
import type { RunyardError } from '../../client/client.ts'
import { CloseIcon, DownIcon, PlayIcon, StopIcon } from '../design/icons.tsx'
import { ProblemNotice } from '../design/problem-notice.tsx'
import type { Editor } from '../playground/editor/create-editor.ts'
import { EditorPane } from '../playground/editor/editor-pane.tsx'
import { InputRequest } from './input-request.tsx'
import { Markdown } from './markdown/markdown.tsx'
import type { Cell as CellData, CellType } from './model/cells.ts'
import { Outputs } from './results/outputs.tsx'

/** What can be done to cells. Each is about the cell with this id. */
export interface CellActions {
  edited(id: string, source: string): void
  run(id: string, then: 'stay' | 'next' | 'insert'): void
  interrupt(): void
  answer(value: string): void
  select(id: string): void
  edit(id: string): void
  leaveEditor(id: string): void
  keyDown(id: string, event: KeyboardEvent): void
  move(id: string, step: number): void
  remove(id: string): void
  changeType(id: string, type: CellType): void
  editorReady(id: string, editor: Editor): void
}

export interface CellProps {
  cell: CellData
  /** Its place, from 1. */
  place: number
  count: number
  language: string
  isActive: boolean
  /** Of Markdown: its text is shown instead of what it says. */
  isEdited: boolean
  standing: 'idle' | 'waiting' | 'running'
  input: { prompt: string; password: boolean } | null
  note: string | RunyardError | undefined
  canRun: boolean
  actions: CellActions
}

const TYPES: Record<CellType, string> = { code: 'Code', markdown: 'Markdown', raw: 'Raw text' }

export function Cell(props: CellProps) {
  const { cell, place, count, isActive, isEdited, standing, actions } = props
  const { id, type } = cell
  const isRendered = type === 'markdown' && !isEdited && cell.source.trim() !== ''
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- the keys of a notebook are about the cell that has the focus
    <section
      class={`cell ${type} ${isActive ? 'active' : ''} ${standing}`}
      id={`cell-${id}`}
      aria-label={`${TYPES[type]} cell ${place} of ${count}`}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- the same
      tabIndex={isActive ? 0 : -1}
      onFocusIn={() => actions.select(id)}
      onKeyDown={(event) => event.target === event.currentTarget && actions.keyDown(id, event)}
    >
      <Gutter {...props} />
      <div class="cell-main">
        {isRendered ? <Rendered {...props} /> : <Source {...props} />}
        {type === 'code' && <Results {...props} />}
      </div>
      {isActive && <CellTools {...props} />}
    </section>
  )
}

function Gutter({ cell: { id, type, executionCount }, place, standing, canRun, actions }: CellProps) {
  if (type !== 'code') return <div class="gutter" />
  const isBusy = standing !== 'idle'
  const mark = standing === 'running' ? '*' : standing === 'waiting' ? '…' : (executionCount ?? ' ')
  return (
    <div class="gutter">
      <button
        type="button"
        class="button quiet square"
        aria-label={standing === 'running' ? `Interrupt cell ${place}` : `Run cell ${place}`}
        title={standing === 'running' ? 'Interrupt' : 'Run this cell (Ctrl+Enter)'}
        disabled={!canRun || standing === 'waiting'}
        onClick={() => (isBusy ? actions.interrupt() : actions.run(id, 'stay'))}
      >
        {standing === 'running' ? <StopIcon /> : <PlayIcon />}
      </button>
      <span class="count mono" role="img" aria-label={spoken(standing, executionCount)}>
        [{mark}]
      </span>
    </div>
  )
}

const spoken = (standing: CellProps['standing'], count: number | null): string =>
  standing !== 'idle' ? standing : count === null ? 'not run' : `execution ${count}`

function Source({ cell: { id, type, source, version }, place, language, actions }: CellProps) {
  const latest = useRef(actions)
  latest.current = actions
  const keys = useRef({
    'Shift-Enter': () => latest.current.run(id, 'next'),
    'Alt-Enter': () => latest.current.run(id, 'insert'),
    Escape: () => latest.current.leaveEditor(id),
  })
  return (
    <EditorPane
      label={`${TYPES[type]} of cell ${place}`}
      language={type === 'code' ? language : type}
      text={source}
      version={version}
      keys={keys.current}
      numbered={false}
      onChange={(typed) => actions.edited(id, typed)}
      onRun={() => latest.current.run(id, 'stay')}
      onReady={(editor) => latest.current.editorReady(id, editor)}
    />
  )
}

function Rendered({ cell: { id, source, rest }, actions }: CellProps) {
  const shown = useMemo(() => <Markdown source={source} attachments={rest['attachments']} />, [source, rest])
  return (
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- a way for the pointer; Enter does the same
    <div class="rendered" onDblClick={() => actions.edit(id)}>
      {shown}
    </div>
  )
}

function Results({ cell: { outputs }, input, note, actions }: CellProps) {
  const shown = useMemo(() => outputs.length > 0 && <Outputs outputs={outputs} />, [outputs])
  return (
    <>
      {shown}
      {input && <InputRequest {...input} onAnswer={(value) => actions.answer(value)} />}
      {typeof note === 'string' && <p class="notice warn">{note}</p>}
      {typeof note === 'object' && <ProblemNotice problem={note} />}
    </>
  )
}

function CellTools({ cell: { id, type }, place, count, isEdited, actions }: CellProps) {
  return (
    <div class="cell-tools" role="toolbar" aria-label={`Cell ${place}`}>
      <select
        class="select"
        aria-label={`Type of cell ${place}`}
        value={type}
        onChange={(event) => actions.changeType(id, event.currentTarget.value as CellType)}
      >
        {Object.entries(TYPES).map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </select>
      {type === 'markdown' && (
        <button
          type="button"
          class="button quiet"
          onClick={() => (isEdited ? actions.run(id, 'stay') : actions.edit(id))}
        >
          {isEdited ? 'Done' : 'Edit'}
        </button>
      )}
      <button
        type="button"
        class="button quiet square up"
        aria-label={`Move cell ${place} up`}
        title="Move up"
        disabled={place === 1}
        onClick={() => actions.move(id, -1)}
      >
        <DownIcon />
      </button>
      <button
        type="button"
        class="button quiet square"
        aria-label={`Move cell ${place} down`}
        title="Move down"
        disabled={place === count}
        onClick={() => actions.move(id, 1)}
      >
        <DownIcon />
      </button>
      <button
        type="button"
        class="button quiet square"
        aria-label={`Delete cell ${place}`}
        title="Delete (D, D)"
        onClick={() => actions.remove(id)}
      >
        <CloseIcon />
      </button>
    </div>
  )
}
