import { MIB } from '../../src/shared/limits.ts'
import { beforeTheSandbox } from '../programs/rows/before-the-sandbox.ts'
import { crossJob } from '../programs/rows/cross-job.ts'
import { failing } from '../programs/rows/failing.ts'
import { kernelSurface } from '../programs/rows/kernel-surface.ts'
import { links } from '../programs/rows/links.ts'
import { ordinary } from '../programs/rows/ordinary.ts'
import { output } from '../programs/rows/output.ts'
import { resources } from '../programs/rows/resources.ts'
import { reach } from '../programs/rows/reach.ts'
import type { HostileRow, ProgramRow } from '../programs/rows/row.ts'
import { secrets } from '../programs/rows/secrets.ts'
import { survivors } from '../programs/rows/survivors.ts'
import { written } from '../programs/rows/written.ts'
import { partOf } from './part-of.ts'

export type Rows<Row extends ProgramRow = ProgramRow> = Readonly<Record<string, readonly Row[]>>

/** Programs that mean no harm. */
export const PLAIN: Rows = { 'an ordinary program': ordinary, 'a failing program': failing, 'what is written': written }

/** Programs that do, by the groups of the threats they stand for. */
export const HOSTILE: Rows<HostileRow> = {
  'links and special files': links,
  resources,
  output,
  survivors,
  'cross-job': crossJob,
  'before the sandbox': beforeTheSandbox,
  'kernel surface': kernelSurface,
  secrets,
  reach,
}

/** The rows that have a neighbour, or those that have none. */
export const those = (groups: Rows, which: 'alone' | 'beside'): Rows =>
  Object.fromEntries(
    Object.entries(groups)
      .map(
        ([group, rows]) =>
          [group, rows.filter(({ beside }) => (which === 'beside') === (beside !== undefined))] as const,
      )
      .filter(([, rows]) => rows.length > 0),
  )

/** One in so many, for a second way of running a table that is run as a whole in another. */
const SAMPLE = 8

export const sampled = <Row extends ProgramRow>(groups: Rows<Row>, oneIn = SAMPLE): Rows<Row> =>
  Object.fromEntries(Object.entries(groups).map(([group, rows]) => [group, partOf(rows, oneIn)]))

/** What the platform is started with for this table. Small limits make a row of it short. */
export const TABLE_ENV = {
  // What is hostile here has to reach the sandbox.
  SCREENING: 'off',
  KILL_GRACE_MS: '300',
  DEFAULT_WALL_MS: '8000',
  DEFAULT_MEMORY_BYTES: String(128 * MIB),
  DEFAULT_FILE_BYTES: String(32 * MIB),
} as const
