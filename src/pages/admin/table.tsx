import type { ComponentChildren } from 'preact'

export interface Column<Row> {
  title: string
  /** What a row shows in it. */
  cell: (row: Row) => ComponentChildren
  /** Of its cells; `numeric` is the heading's too. */
  class?: string
}

/** A table; on a narrow screen each row stacks its cells, the title of its column before each. */
export function Table<Row>({
  rows,
  keyOf,
  columns,
  actions,
}: {
  rows: readonly Row[]
  keyOf: (row: Row) => string
  columns: readonly Column<Row>[]
  /** The buttons at the end of a row. */
  actions?: (row: Row) => ComponentChildren
}) {
  return (
    <table class="table stacks">
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.title} class={column.class === 'numeric' ? 'numeric' : undefined}>
              {column.title}
            </th>
          ))}
          {actions && (
            <th>
              <span class="unseen">Actions</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)}>
            {columns.map(({ title, cell, class: name }) => (
              <td key={title} data-label={title} class={name}>
                {cell(row)}
              </td>
            ))}
            {actions && <td class="end">{actions(row)}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
