import type { ComponentChildren } from 'preact'
import { Confirm, type Question } from './confirm.tsx'
import { Live } from './live.tsx'
import { type Column, Table } from './table.tsx'
import type { Polled } from './use-polled.ts'

export interface ListPageProps<Row> {
  title: string
  /** How many there are, or how much they take. */
  summary?: ComponentChildren
  /** What comes before the list and its filter. */
  before?: ComponentChildren
  /** What can be asked for. */
  filter?: ComponentChildren
  polled: Polled<unknown>
  rows: readonly Row[] | undefined
  keyOf: (row: Row) => string
  columns: readonly Column<Row>[]
  actions?: (row: Row) => ComponentChildren
  /** What stands in the place of no rows. */
  empty: string
  /** A button for the next page. */
  older?: ComponentChildren
  question: Question | undefined
  onAnswered: () => void
  /** What comes behind the list. */
  children?: ComponentChildren
}

/** A page of the dashboard that is a list, what can be done with each row, and a question before that. */
export function ListPage<Row>(props: ListPageProps<Row>) {
  const { title, summary, filter, polled, rows, keyOf, columns, actions, empty, older, question, onAnswered } = props
  return (
    <div class="page">
      <header class="head">
        <h1>{title}</h1>
        {summary && <p class="faint">{summary}</p>}
      </header>
      {props.before}
      {filter}
      <Live of={[polled]}>
        {rows && (
          <section class="card listed" aria-label={title}>
            {rows.length === 0 ? (
              <p class="empty">{empty}</p>
            ) : (
              <Table rows={rows} keyOf={keyOf} columns={columns} {...(actions && { actions })} />
            )}
            {older}
          </section>
        )}
      </Live>
      {props.children}
      {question && <Confirm question={question} onClose={onAnswered} />}
    </div>
  )
}
