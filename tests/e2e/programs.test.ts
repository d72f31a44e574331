import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { PROGRAM_TABLE, type ProgramRow, TABLE_ENV } from '../support/program-table.ts'
import { expectOutcome, inspectSandbox, probeOf, runRow } from '../support/programs.ts'

const { ordinary, failing, limited, hostile } = PROGRAM_TABLE

/** Every program of a list, and after each the proof that the sandbox is as good as new. */
function runsOf(reuse: 'tenant' | 'never', groups: Record<string, readonly ProgramRow[]>): void {
  let platform: TestPlatform
  const fresh = new Map<string, string>()

  beforeAll(async () => {
    platform = await startPlatform({ ...TABLE_ENV, SANDBOX_REUSE: reuse })
    for (const program of ['hello.py', 'hello.js', 'hello.sh']) {
      const probe = probeOf(program)
      fresh.set(probe, await inspectSandbox(platform, probe))
    }
  })
  afterAll(() => platform.close())

  test('a fresh sandbox holds the program and nothing else', () => {
    const [greeting, json] = (fresh.get('inspect-sandbox.py') ?? '').split('\n')
    const { pid, processes, folders, ipc, sockets, ids, nice, leaderNice } = JSON.parse(json ?? '') as {
      pid: number
      processes: number[]
    } & Record<string, unknown>
    expect({ greeting, processes, folders, ipc, sockets, ids, nice, leaderNice }).toEqual({
      greeting: 'Hello, world!',
      processes: [1, pid],
      folders: { '/job': ['main.py'], '/tmp': [], '/var/tmp': [], '/dev/shm': [], '/run': [], '/dev/mqueue': [] },
      ipc: { shm: [], sem: [], msg: [] },
      sockets: [0, 0, 0],
      ids: [1000, 1000, []],
      nice: 0,
      leaderNice: 0,
    })
  })

  for (const [group, rows] of Object.entries(groups)) {
    describe(group, () => {
      test.each(rows.map((row) => [row.title, row] as const))('%s', async (_title, row) => {
        expectOutcome(await runRow(platform, row), row.expect)
        const probe = probeOf(row.program)
        expect(await inspectSandbox(platform, probe)).toBe(fresh.get(probe))
      })
    })
  }
}

describe('in a sandbox that serves one job of a tenant after another', () => {
  runsOf('tenant', {
    'an ordinary program': ordinary,
    'a failing program': failing,
    'a program beyond its limits': limited,
    'a hostile program': hostile,
  })
})

describe('in a sandbox for each job', () => {
  runsOf('never', { 'a hostile program': hostile })
})
