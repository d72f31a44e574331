import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { offer } from '../design/toasts.tsx'
import type { CellActions } from './cell.tsx'
import { cellAt, changeCell, changeType, insertCell, moveCell, newCell, removeCell } from './model/cells.ts'
import type { NotebookStore } from './model/notebook-store.ts'
import type { NotebookSession } from './session/session-state.ts'
import { createTwice } from './twice.ts'

export interface Cells {
  /** Id of the cell that keys are about. */
  active: string
  /** Ids of Markdown cells whose text is shown. */
  edited: ReadonlySet<string>
  actions: CellActions
  /** Inserts a cell at a place relative to the active one, and goes to its text. */
  insert(step: 0 | 1, type?: 'code' | 'markdown'): void
  /** Another document is shown: nothing is known of its cells. */
  reset(): void
}

/** Which cell is worked on, and what keys and buttons do to it. */
export function useCells(store: NotebookStore, session: NotebookSession): Cells {
  const [chosen, setChosen] = useState(() => store.get().cells[0]?.id ?? '')
  const [edited, setEdited] = useState<ReadonlySet<string>>(new Set())
  /** What gets the focus once it is shown. */
  const [goal, setGoal] = useState<{ id: string; text: boolean } | null>(null)
  /** A cell whose editor is not there yet. */
  const awaited = useRef<string | null>(null)
  // Another tab may have taken the chosen one away.
  const active = (cellAt(store.get(), chosen) ?? store.get().cells[0])?.id ?? ''
  const now = useRef(active)
  now.current = active

  useLayoutEffect(() => {
    if (!goal) return
    setGoal(null)
    const cell = document.getElementById(`cell-${goal.id}`)
    const text = cell?.querySelector<HTMLElement>('.cm-content')
    if (!goal.text) cell?.focus()
    else if (text) text.focus()
    else awaited.current = goal.id
  }, [goal])

  const { actions, insert } = useMemo(() => {
    const placeOf = (id: string) => store.get().cells.findIndex((cell) => cell.id === id)
    const go = (id: string | undefined, text = false) => {
      if (id === undefined) return
      setChosen(id)
      setGoal({ id, text })
    }
    const showText = (id: string, isShown: boolean) =>
      setEdited((before) => {
        const after = new Set(before)
        if (isShown) after.add(id)
        else after.delete(id)
        return after
      })
    const insertAt = (place: number, type: 'code' | 'markdown') => {
      const cell = newCell(type)
      store.change((document) => insertCell(document, place, cell))
      showText(cell.id, type === 'markdown')
      go(cell.id, true)
    }
    const beside = (id: string, step: number) => store.get().cells[placeOf(id) + step]?.id
    const remove = (id: string) => {
      const before = store.get()
      const next = beside(id, 1) ?? beside(id, -1)
      store.change((document) => removeCell(document, id))
      go(next ?? store.get().cells[0]?.id)
      if (cellAt(before, id)?.source.trim()) {
        const place = before.cells.findIndex((cell) => cell.id === id)
        offer('The cell was deleted.', 'Undo', () => {
          const cell = cellAt(before, id)
          if (cell && !cellAt(store.get(), id)) store.change((document) => insertCell(document, place, cell))
          go(id)
        })
      }
    }
    const change = (id: string, type: Parameters<CellActions['changeType']>[1]) => {
      if (cellAt(store.get(), id)?.type === type) return
      store.change((document) => changeType(document, id, type))
      showText(id, type === 'markdown')
      setGoal({ id, text: false })
    }
    const edit = (id: string) => {
      if (cellAt(store.get(), id)?.type === 'markdown') showText(id, true)
      go(id, true)
    }
    const runCell: CellActions['run'] = (id, then) => {
      const cell = cellAt(store.get(), id)
      if (cell?.type === 'code') session.run([id])
      else if (cell?.type === 'markdown') showText(id, false)
      if (then === 'insert') insertAt(placeOf(id) + 1, 'code')
      else if (then === 'stay')
        setGoal({ id, text: cell?.type !== 'markdown' && document.activeElement?.closest('.cm-editor') !== null })
      else if (beside(id, 1) === undefined) insertAt(placeOf(id) + 1, 'code')
      else go(beside(id, 1))
    }
    const isSecondPress = createTwice()
    const keyDown: CellActions['keyDown'] = (id, event) => {
      if (event.isComposing) return
      const { key, ctrlKey, metaKey, altKey, shiftKey } = event
      const mod = ctrlKey || metaKey
      let act: (() => void) | undefined
      if (key === 'Enter') {
        const then = shiftKey ? 'next' : altKey ? 'insert' : 'stay'
        act = mod || shiftKey || altKey ? () => runCell(id, then) : () => edit(id)
      } else if (!mod && !altKey) {
        const lower = key.length === 1 ? key.toLowerCase() : key
        const isSecond = !event.repeat && isSecondPress(lower)
        if (lower === 'ArrowUp' || lower === 'k') act = () => go(beside(id, -1))
        else if (lower === 'ArrowDown' || lower === 'j') act = () => go(beside(id, 1))
        else if (lower === 'a') act = () => insertAt(placeOf(id), 'code')
        else if (lower === 'b') act = () => insertAt(placeOf(id) + 1, 'code')
        else if (lower === 'm') act = () => change(id, 'markdown')
        else if (lower === 'y') act = () => change(id, 'code')
        else if (lower === 'd') act = isSecond ? () => remove(id) : () => undefined
        else if (lower === 'i') act = isSecond ? () => void session.interrupt() : () => undefined
      }
      if (!act) return
      event.preventDefault()
      act()
    }
    const actions: CellActions = {
      edited: (id, source) => store.change((document) => changeCell(document, id, { source })),
      run: runCell,
      interrupt: () => void session.interrupt(),
      answer: (value) => void session.answer(value),
      select: (id) => now.current !== id && setChosen(id),
      edit,
      leaveEditor: (id) => go(id),
      keyDown,
      move(id, step) {
        store.change((document) => moveCell(document, id, step))
        setGoal({ id, text: false })
      },
      remove,
      changeType: change,
      editorReady(id, editor) {
        if (awaited.current !== id) return
        awaited.current = null
        editor.focus()
      },
    }
    return {
      actions,
      insert: (step: 0 | 1, type: 'code' | 'markdown' = 'code') => insertAt(placeOf(now.current) + step, type),
    }
  }, [store, session])

  return {
    active,
    edited,
    actions,
    insert,
    reset() {
      setEdited(new Set())
      setChosen(store.get().cells[0]?.id ?? '')
    },
  }
}
