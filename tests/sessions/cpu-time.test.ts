import { expect, test } from '@jest/globals'
import type { FileEntry } from '../../src/shared/sessions/session.ts'
import { AgentFault } from '../../src/worker/sessions/agent-decoder.ts'
import { AgentRefusal } from '../../src/worker/sessions/agent.ts'
import { createCpuTime, type UsedTime, watchCpuTime } from '../../src/worker/sessions/cpu-time.ts'

/** Ticks that a process used itself, and of the children that it has waited for. */
type Used = readonly [own: number, children: number]

/** The processes of a cell. @param looked is called when a process was looked at; what there is may change then */
function cell(processes: Map<number, Used>, looked: (pid: number) => void = () => undefined) {
  const entry = (name: string): FileEntry => ({ name, kind: 'folder', bytes: 0, mode: '0555', modifiedAt: '' })
  const agent = {
    /** In pieces, by name. */
    async list(_path: string, skip: number) {
      const names = [...[...processes.keys()].map(String), 'self', 'meminfo'].sort()
      return { entries: names.slice(skip, skip + 3).map(entry), total: names.length }
    },
    async read(path: string) {
      const pid = Number(path.split('/')[2])
      const used = processes.get(pid)
      if (!used) throw new AgentRefusal(3)
      const fields = ['S', ...Array.from({ length: 10 }, () => '7'), used[0], 0, used[1], 0, 20]
      looked(pid)
      return { bytes: Buffer.from(`${pid} (a) b) ${fields.join(' ')}\n`), size: 0, modifiedMs: 0 }
    },
  }
  return createCpuTime(agent, (error) => {
    throw error
  })
}

test('the CPU time of a session is that of its processes and of those that were waited for', async () => {
  const processes = new Map<number, Used>([
    [1, [1, 100]],
    [10, [2, 0]],
    [2, [3, 50]],
  ])
  const cpu = cell(processes)
  expect(await cpu.read()).toEqual({ usedMs: 1560, processes: 3 })
  processes.delete(10)
  processes.set(2, [3, 52])
  expect(await cpu.read()).toEqual({ usedMs: 1560, processes: 2 })
})

test('a process that ends while it is looked counts once', async () => {
  const processes = new Map<number, Used>([
    [1, [1, 0]],
    [2, [100, 0]],
  ])
  const ends = (after: number) =>
    cell(new Map(processes), (pid) => {
      if (pid !== after || !processes.delete(2)) return
      processes.set(1, [1, 100])
    })
  expect((await ends(1).read()).usedMs).toBe(1010)
  expect((await ends(2).read()).usedMs).toBe(1010)
})

test('processes that come without end do not keep anybody waiting', async () => {
  const processes = new Map<number, Used>([[1, [1, 0]]])
  let next = 2
  const cpu = cell(processes, () => processes.set(next++, [1, 0]))
  expect((await cpu.read()).usedMs).toBeGreaterThan(0)
})

test('an agent that cannot be believed is told of', async () => {
  const fault = new AgentFault('no entry')
  const told: Error[] = []
  const agent = { list: () => Promise.reject(fault), read: () => Promise.reject(fault) }
  await expect(createCpuTime(agent, (error) => told.push(error)).read()).rejects.toBe(fault)
  expect(told).toEqual([fault])
})

/** A watch whose clock the test moves. */
function watched(processors: number, processes = 0) {
  const waits: { ms: number; task: () => void }[] = []
  const clock = {
    after(ms: number, task: () => void) {
      waits.push({ ms, task })
      return () => undefined
    },
  }
  let answer: Promise<UsedTime> = Promise.reject(new Error('nothing is asked yet'))
  answer.catch(() => undefined)
  const over: true[] = []
  const cpu = { read: () => answer }
  const stop = watchCpuTime({ cpu, clock, processors }, { usedMs: 100, processes }, 8000, () => over.push(true))
  return {
    waits: () => waits.map(({ ms }) => ms),
    over,
    stop,
    /** @param found what has been used, or why that is not known */
    async look(found: number | Error) {
      answer = found instanceof Error ? Promise.reject(found) : Promise.resolve({ usedMs: found, processes })
      answer.catch(() => undefined)
      waits.at(-1)?.task()
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

test('it is looked when the processors can have used the rest, within bounds', async () => {
  const one = watched(2)
  expect(one.waits()).toEqual([4000])
  await one.look(4100)
  await one.look(8099)
  await one.look(new AgentRefusal(24))
  expect(one.waits()).toEqual([4000, 2000, 200, 5000])
  expect(one.over).toEqual([])
  await one.look(8101)
  expect(one.over).toEqual([true])
  expect(one.waits()).toHaveLength(4)
})

test('it is looked the less often the more processes there are', async () => {
  const one = watched(2, 100)
  await one.look(8099)
  expect(one.waits()).toEqual([4000, 1200])
})

test('what is stopped while it is looked tells nothing, and what has lost its agent looks no more', async () => {
  const one = watched(1)
  const looking = one.look(9000)
  one.stop()
  await looking
  expect(one.over).toEqual([])
  const other = watched(1)
  await other.look(new Error('the agent has ended'))
  expect(other.waits()).toEqual([5000])
})
