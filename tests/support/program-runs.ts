import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { startPlatform, type TestPlatform } from './platform.ts'
import { type Rows, TABLE_ENV } from './program-table.ts'
import { expectOutcome, inspectSandbox, languageIdOf, runRow, tableLanguages } from './programs.ts'

const languages = await tableLanguages()
/** One program of each language. */
const PROBED = ['hello.py', 'hello.js', 'hello.sh', 'hello.c', 'template-bomb.cpp', 'hello.rb', 'hello.go', 'hello.rs']

/**
 * Every program of some groups, and after each the proof that the sandbox is as good as new.
 * @param slots 1, and the proof is made in the very sandbox of the program, where it may be used again; 2 for neighbours
 */
export function runsOf(reuse: 'tenant' | 'never', slots: 1 | 2, groups: Rows): void {
  let platform: TestPlatform
  const fresh = new Map<string, string>()

  beforeAll(async () => {
    platform = await startPlatform({ ...TABLE_ENV, SANDBOX_REUSE: reuse, WORKER_CONCURRENCY: String(slots) })
    for (const program of PROBED) {
      const language = languageIdOf(program)
      if (languages.has(language)) fresh.set(language, await inspectSandbox(platform, program))
    }
  })
  afterAll(() => platform.close())

  test('a fresh sandbox holds the program and nothing else', () => {
    const [greeting, json] = (fresh.get('python') ?? '').split('\n')
    const { pid, processes, folders, ipc, sockets, ids, nice, leaderNice, locks, scheduler } = JSON.parse(
      json ?? '',
    ) as { pid: number; processes: number[] } & Record<string, unknown>
    expect({ greeting, processes, folders, ipc, sockets, ids, nice, leaderNice, locks, scheduler }).toEqual({
      greeting: 'Hello, world!',
      processes: [1, pid],
      folders: {
        '/job': ['main.py'],
        '/tmp': [],
        '/var/tmp': [],
        '/dev/shm': [],
        '/run': [],
        '/dev/mqueue': [],
        '/dev/pts': ['ptmx'],
      },
      ipc: { shm: [], sem: [], msg: [] },
      sockets: [0, 0, 0, 0, 0],
      ids: [1000, 1000, []],
      nice: 0,
      leaderNice: 0,
      locks: [],
      scheduler: [0, 0],
    })
  })

  for (const [group, rows] of Object.entries(groups)) {
    describe(group, () => {
      for (const row of rows) {
        const language = languageIdOf(row.program)
        const runs = languages.has(language) ? test : test.skip
        runs(row.title, async () => {
          expectOutcome(await runRow(platform, row), row.expect)
          expect(await inspectSandbox(platform, row.program)).toBe(fresh.get(language))
        })
      }
    })
  }
}
