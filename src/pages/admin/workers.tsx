import type { WorkerInfo } from '../../shared/redis/worker-registry.ts'
import { Badge } from '../design/badge.tsx'
import { formatBytes } from '../design/format.ts'
import { type Column, Table } from './table.tsx'
import { Ago, At } from './times.tsx'

const WORKER_COLUMNS: Column<WorkerInfo>[] = [
  {
    title: 'Worker',
    cell: ({ id, host, pid }) => (
      <span title={id}>
        {host} <span class="faint">pid {pid}</span>
      </span>
    ),
  },
  { title: 'Engine', cell: ({ engine }) => <Badge tone={engine === 'up' ? 'good' : 'bad'} words={engine} /> },
  { title: 'Heartbeat', cell: ({ heartbeatAt }) => (heartbeatAt ? <Ago at={heartbeatAt} /> : '–') },
  { title: 'Jobs', class: 'numeric', cell: ({ load, slots }) => `${load ? load.jobs : '?'} of ${slots}` },
  {
    title: 'Sandboxes',
    class: 'numeric-left',
    cell: ({ load }) => (load ? `${load.pool.ready} ready, ${load.pool.bound} bound, ${load.pool.lent} in use` : '–'),
  },
  {
    title: 'Load',
    class: 'numeric',
    cell: ({ load }) => (load ? `${load.load1.toFixed(2)} on ${load.cpus} CPUs` : '–'),
  },
  {
    title: 'Free memory',
    class: 'numeric',
    cell: ({ load }) => (load ? `${formatBytes(load.freeMemoryBytes)} of ${formatBytes(load.memoryBytes)}` : '–'),
  },
  { title: 'Since', cell: ({ startedAt }) => <At at={startedAt} /> },
]

/** The workers that are alive, by their last heartbeats. */
export function Workers({ workers }: { workers: readonly WorkerInfo[] }) {
  return (
    <section class="card listed">
      <h2>Workers</h2>
      {workers.length === 0 ? (
        <p class="empty">No live worker. Jobs wait until one starts.</p>
      ) : (
        <Table rows={workers} keyOf={({ id }) => id} columns={WORKER_COLUMNS} />
      )}
    </section>
  )
}
