import { cellAt, changeCell, type Output, updateDisplay, withOutput } from '../model/cells.ts'
import type { NotebookStore } from '../model/notebook-store.ts'
import type { SessionSink } from './session-state.ts'

/** Puts what a session says into the cells of a notebook. A cell that was deleted takes nothing. */
export function sinkOf(store: NotebookStore): SessionSink {
  const changeOutputs = (cell: string, edit: (outputs: readonly Output[]) => readonly Output[]) =>
    store.changeSoon((document) => {
      const outputs = cellAt(document, cell)?.outputs
      return outputs ? changeCell(document, cell, { outputs: edit(outputs) }) : document
    })
  return {
    source: (cell) => cellAt(store.get(), cell)?.source,
    begin: (cell) => store.change((document) => changeCell(document, cell, { outputs: [], executionCount: null })),
    output: (cell, output) => changeOutputs(cell, (outputs) => withOutput(outputs, counted(cell, output))),
    clear: (cell) => changeOutputs(cell, () => []),
    update: (displayId, bundle) => store.changeSoon((document) => updateDisplay(document, displayId, bundle)),
    count: (cell, executionCount) =>
      store.changeSoon((document) =>
        changeCell(document, cell, {
          executionCount,
          outputs: (cellAt(document, cell)?.outputs ?? []).map((output) =>
            output.output_type === 'execute_result' ? { ...output, execution_count: executionCount } : output,
          ),
        }),
      ),
  }
  function counted(cell: string, output: Output): Output {
    const count = cellAt(store.get(), cell)?.executionCount ?? null
    return output.output_type === 'execute_result' ? { ...output, execution_count: count } : output
  }
}
