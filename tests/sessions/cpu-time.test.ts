import { describe, expect, test } from '@jest/globals'
import type { FileEntry } from '../../src/shared/sessions/session.ts'
import { AgentFault } from '../../src/worker/sessions/agent-decoder.ts'
import { AgentRefusal } from '../../src/worker/sessions/agent.ts'
import { createCpuTime, type UsedTime, watchCpuTime } from '../../src/worker/sessions/cpu-time.ts'

/** Ticks that a process used itself, and of the children that it has waited for; and when it started. */
type Used = readonly [own: number | string, children: number, start?: number | string]

const entry = (name: string): FileEntry => ({ name, kind: 'folder', bytes: 0, mode: '0555', modifiedAt: '' })
const statOf = (pid: number, [own, children, start = 0]: Used) =>
  `${pid} (a) b) ${['S', ...Array.from({ length: 10 }, () => '7'), own, 0, children, 0, 20, 0, 1, 0, start, 9].join(' ')}\n`

/** An agent that tells of these processes. @param looked is called when one was looked at; what there is may change then */
function agentOf(processes: Map<number, Used>, looked: (pid: number) => void = () => undefined) {
  return {
    lists: 0,
    /** In pieces, by name. */
    async list(_path: string, skip: number) {
      this.lists++
      const names = [...[...processes.keys()].map(String), 'self', 'meminfo'].sort()
      return { entries: names.slice(skip, skip + 3).map(entry), total: names.length }
    },
    async read(path: string) {
      const pid = Number(path.split('/')[2])
      const used = processes.get(pid)
      if (!used) throw new AgentRefusal(3)
      const stat = statOf(pid, used)
      looked(pid)
      return { bytes: Buffer.from(stat), size: 0, modifiedMs: 0 }
    },
  }
}

const cell = (processes: Map<number, Used>, looked?: (pid: number) => void) =>
  createCpuTime(agentOf(processes, looked), 64, (error) => {
    throw error
  })

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

test('a child that is waited for between the reads of its parent and of itself counts once', async () => {
  const processes = new Map<number, Used>([
    [1, [1, 0]],
    [2, [100, 0]],
  ])
  let isAboutToEnd = false
  const cpu = cell(processes, (pid) => {
    if (isAboutToEnd && pid === 1 && processes.delete(2)) processes.set(1, [1, 100])
  })
  expect((await cpu.read()).usedMs).toBe(1010)
  isAboutToEnd = true
  expect((await cpu.read()).usedMs).toBe(1010)
  expect((await cpu.read()).usedMs).toBe(1010)
})

test('processes that come without end do not keep anybody waiting', async () => {
  const processes = new Map<number, Used>([[1, [1, 0]]])
  let next = 2
  const cpu = cell(processes, () => processes.set(next++, [1, 0]))
  expect((await cpu.read()).usedMs).toBeGreaterThan(0)
})

test('a child that is waited for while it is looked counts once, though its number is the lower', async () => {
  const processes = new Map<number, Used>([
    [1, [1, 0]],
    [2, [100, 0, 9000]],
    [900, [5, 0, 8000]],
  ])
  const cpu = cell(processes, (pid) => {
    if (pid === 2 && processes.delete(2)) processes.set(900, [5, 100, 8000])
  })
  expect((await cpu.read()).usedMs).toBe(1060)
})

test('a process that has the number of one before it is another', async () => {
  const processes = new Map<number, Used>([
    [1, [1, 0]],
    [2, [100, 0, 8000]],
  ])
  const cpu = cell(processes, (pid) => {
    if (pid !== 2 || processes.get(2)?.[2] !== 8000) return
    processes.set(1, [1, 100])
    processes.set(2, [3, 0, 9000])
  })
  expect((await cpu.read()).usedMs).toBe(1040)
})

test('time that a process takes with it when it ends stays counted, and is no budget of what follows', async () => {
  const processes = new Map<number, Used>([
    [1, [1, 0]],
    [2, [100, 0]],
  ])
  const cpu = cell(processes)
  expect((await cpu.read()).usedMs).toBe(1010)
  processes.delete(2)
  expect((await cpu.read()).usedMs).toBe(1010)
  processes.set(1, [31, 0])
  expect((await cpu.read()).usedMs).toBe(1310)
})

test('processes that end at every look are counted with those that last', async () => {
  const processes = new Map<number, Used>([
    [1, [1, 0]],
    [2, [1, 0]],
  ])
  let last = 2
  const cpu = cell(processes, (pid) => {
    if (pid !== last) return
    processes.delete(last++)
    processes.set(last, [1, 0])
    processes.set(1, [1, 100 * last])
  })
  const { usedMs } = await cpu.read()
  expect(usedMs).toBeGreaterThan(3000)
  expect((await cpu.read()).usedMs).toBeGreaterThan(usedMs)
})

test('who asks while it is looked shares the next look with others', async () => {
  const agent = agentOf(new Map<number, Used>([[1, [1, 0]]]))
  const cpu = createCpuTime(agent, 64, () => undefined)
  const first = cpu.read()
  await Promise.resolve()
  const others = [cpu.read(), cpu.read(), cpu.read()]
  await Promise.all([first, ...others])
  expect(agent.lists).toBe(4)
})

describe('an agent that cannot be believed is told of', () => {
  const faultOf = async (agent: Parameters<typeof createCpuTime>[0]) => {
    const told: Error[] = []
    const read = createCpuTime(agent, 64, (error) => told.push(error)).read()
    await expect(read).rejects.toThrow(AgentFault)
    expect(told).toHaveLength(1)
  }

  test('when what it writes is no frame', async () => {
    const fault = new AgentFault('no entry')
    await faultOf({ list: () => Promise.reject(fault), read: () => Promise.reject(fault) })
  })

  test.each([
    ['that is too large', '9'.repeat(400)],
    ['with an exponent', '1e308'],
    ['with a sign', '-5'],
    ['that is empty', ''],
    ['that cannot be told apart from others', 2 ** 52],
  ])('when it tells of a time %s', (_what, own) => faultOf(agentOf(new Map<number, Used>([[1, [own, 0]]]))))

  test('when it tells of a start that is none, and when a file has too few fields', async () => {
    await faultOf(agentOf(new Map<number, Used>([[1, [1, 0, 'x']]])))
    const bytes = Buffer.from('1 (a) S 1')
    await faultOf({ ...agentOf(new Map([[1, [1, 0]]])), read: async () => ({ bytes, size: 0, modifiedMs: 0 }) })
  })

  test('when times that it takes back add up to more than can be', async () => {
    const processes = new Map<number, Used>([[1, [1, 0]]])
    const told: Error[] = []
    const cpu = createCpuTime(agentOf(processes), 64, (error) => told.push(error))
    let own = 0
    const lie = async () => {
      processes.set(1, [(own = own === 0 ? 8e14 : 0), 0])
      await cpu.read()
    }
    await lie()
    await lie()
    await expect(lie()).rejects.toThrow(AgentFault)
    expect(told).toHaveLength(1)
  })

  test.each(['1e3', '0', '007', '9'.repeat(20), '1 '])('when it lists a process "%s"', (name) =>
    faultOf({ ...agentOf(new Map()), list: async () => ({ entries: [entry(name)], total: 1 }) }),
  )

  test('when it lists more than there can be, in one piece or in as many as it likes', async () => {
    const names = Array.from({ length: 2000 }, (_, pid) => entry(`${pid + 1}`))
    await faultOf({ ...agentOf(new Map()), list: async () => ({ entries: names, total: 1 }) })
    await faultOf({ ...agentOf(new Map()), list: async () => ({ entries: [entry('self')], total: 2 ** 32 - 1 }) })
  })
})

test('a process that is listed twice counts once', async () => {
  const agent = agentOf(new Map<number, Used>([[1, [1, 0]]]))
  const twice = { ...agent, list: async () => ({ entries: [entry('1'), entry('1')], total: 2 }) }
  const cpu = createCpuTime(twice, 64, () => undefined)
  expect(await cpu.read()).toEqual({ usedMs: 10, processes: 1 })
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
