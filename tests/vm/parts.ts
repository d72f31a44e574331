import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { MINUTE, SECOND } from '../../src/shared/limits.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { parseBlocks } from '../support/doc-blocks.ts'
import { UNLIMITED } from '../support/installation.ts'
import { CHECKOUT, IMAGES, USER } from './disk.ts'
import { clientOf, expectJob, tryJobs } from './jobs.ts'
import { hasKvm, type Machine } from './machine.ts'
import type { Suite } from './debian.ts'
import type { Trial } from './trial.ts'

/** Something that is tried on one machine, which was started for it. */
export interface Part {
  name: string
  suite: Suite
  kernelOptions: string
  run(trial: Trial, machine: Machine): Promise<void>
}

const AT_HOME = `/home/${USER}/runyard`
const FACTOR = hasKvm() ? 2 : 20
const START_MS = 40 * MINUTE
const STOP_MS = 5 * MINUTE
/** The jobs of a trial are what screening refuses, and come faster than a person's. */
const SETTINGS = { ...UNLIMITED, SCREENING: 'off', TIMEOUT_FACTOR: String(FACTOR) }
const assignments = (more: Record<string, string> = {}) =>
  Object.entries({ ...SETTINGS, ...more })
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')

export const PARTS: readonly Part[] = [
  { name: 'debian13-root', suite: 'trixie', kernelOptions: '', run: (trial, machine) => asRoot(trial, machine, 'on') },
  {
    name: 'debian13-apparmor-off',
    suite: 'trixie',
    kernelOptions: 'apparmor=0',
    run: (trial, machine) => asRoot(trial, machine, 'off'),
  },
  { name: 'debian13-units', suite: 'trixie', kernelOptions: '', run: units },
  { name: 'debian13-rootless', suite: 'trixie', kernelOptions: '', run: rootless },
  {
    name: 'debian12-root',
    suite: 'bookworm',
    kernelOptions: '',
    run: (trial, machine) => asRoot(trial, machine, 'on'),
  },
]

async function facts(trial: Trial, machine: Machine, appArmor: 'on' | 'off'): Promise<void> {
  await trial.check('machine', async () => {
    const said = await machine.run(
      '. /etc/os-release; echo "$PRETTY_NAME, kernel $(uname -r), systemd $(systemctl --version | sed -n "1s/systemd \\([0-9]*\\).*/\\1/p"), $(podman --version), $(crun --version | head -1), $(runc --version | head -1), Redis $(redis-server --version | sed "s/.*v=\\([^ ]*\\).*/\\1/"), Node $(node --version), $(stat -fc %T /sys/fs/cgroup)"',
    )
    const profiles = (await machine.run('cat /sys/module/apparmor/parameters/enabled')).trim() === 'Y' ? 'on' : 'off'
    if (profiles !== appArmor) throw new Error(`AppArmor is ${profiles}; ${said}`)
    return `${said.trim()}, AppArmor ${profiles}`
  })
}

async function asRoot(trial: Trial, machine: Machine, appArmor: 'on' | 'off'): Promise<void> {
  await facts(trial, machine, appArmor)
  await trial.check('images brought in', async () => (await machine.run('podman images --quiet | wc -l')).trim())
  await trial.check('npm run setup', async () => {
    return (
      (await machine.run(`cd ${CHECKOUT} && ${assignments()} npm run --silent setup`)).trim().split('\n').at(-1) ?? ''
    )
  })
  await doctor(trial, machine, CHECKOUT, 'root')
  await npmStart(trial, machine, CHECKOUT, 'root', appArmor === 'on')
}

/** Finds the sandbox working, and leaves no trace. */
async function doctor(trial: Trial, machine: Machine, folder: string, user: string, mode = ''): Promise<void> {
  await trial.check('doctor', async () => {
    const files = `find ${folder} -path ${folder}/node_modules -prune -o -print | sort; ls -d /tmp/runyard*`
    const before = (await machine.try(files, user)).stdout
    const { exitCode, output } = await machine.try(
      `cd ${folder} && ${mode} ${assignments()} npm run --silent doctor`,
      user,
    )
    if (exitCode !== 0 || !/sandbox .*init is ready/.test(output)) throw new Error(`exits ${exitCode}: ${output}`)
    if ((await machine.try(files, user)).stdout !== before) throw new Error('it left files')
    const left = await machine.run('podman ps --all --quiet | wc -l', user)
    if (left.trim() !== '0') throw new Error('it left a container')
    return output.trim().split('\n').at(-1) ?? ''
  })
}

/** `npm start` in a terminal, jobs, Ctrl-C. @param isWhole whether everything is tried there is to try */
async function npmStart(
  trial: Trial,
  machine: Machine,
  folder: string,
  user: string,
  isWhole: boolean,
  mode = '',
): Promise<void> {
  const terminal = machine.terminal(`cd ${folder} && ${mode} ${assignments()} npm start`, user)
  const runs = await trial.check('npm start', async () => {
    await terminal.until('Stop                Ctrl-C', START_MS)
    return /First job: .*/.exec(terminal.text)?.[0] ?? Promise.reject(new Error(terminal.text))
  })
  if (runs) {
    const client = clientOf(machine.url)
    if (isWhole) await tryJobs(trial, client)
    else
      await trial.check('job', async () =>
        expectJob(await client.run({ language: 'bash', code: 'echo hi' }), 'succeeded', 'hi\n'),
      )
    await trial.check('sandboxes connect past the engine', async () => {
      const log = await machine.run(
        `grep -ho 'sandboxes \\(cannot \\)\\?connect[^"]*' ${folder}/.runyard/logs/worker.log`,
        user,
      )
      return log.startsWith('sandboxes connect') ? log.trim() : Promise.reject(new Error(log))
    })
    const warned = await machine.try(
      `grep -h '"level":[456]0' ${folder}/.runyard/logs/*.log | cut -c1-500 | tail -20`,
      user,
    )
    if (warned.stdout !== '') trial.note('warnings of the services', warned.stdout.trim())
    await trial.check('Ctrl-C', async () => {
      await terminal.interrupt(STOP_MS)
      const left = await machine.run(
        `podman ps --all --quiet | wc -l; ps -o args= -u ${user} | grep -c '[d]ist/\\(api\\|worker\\)\\|[r]edis-server.*run/\\|[p]odman system' || true`,
        user,
      )
      return left.trim() === '0\n0' ? 'no container and no process is left' : Promise.reject(new Error(`left: ${left}`))
    })
  } else {
    await terminal.interrupt(STOP_MS).catch(() => undefined)
  }
}

/** What docs/systemd.md says below this heading. */
function documented(title: string): string {
  const file = 'docs/systemd.md'
  const block = parseBlocks(file, readFileSync(join(packageRoot(), file), 'utf8')).find((one) => one.title === title)
  if (!block) throw new Error(`${file} has no commands below "${title}"`)
  return block.code
}

async function units(trial: Trial, machine: Machine): Promise<void> {
  await facts(trial, machine, 'on')
  const installed = await trial.check('installed as docs/systemd.md says', async () => {
    await machine.run(
      `set -e\nmkdir -p /etc/runyard\n${documented('For a machine').replace(/^sudo systemctl daemon-reload$/m, `printf '%s\\n' ${assignments()} >>/etc/runyard/runyard.env\n$&`)}`,
    )
    return 'all commands end with 0'
  })
  if (!installed) return
  await ofUnits(trial, machine, 'systemctl', 'journalctl', 'root')
  await trial.check('podman journals no events', async () => {
    const events = (
      await machine.try('journalctl --quiet --output=json --output-fields=PODMAN_EVENT | grep -c PODMAN_EVENT')
    ).stdout.trim()
    return events === '0' ? 'none' : Promise.reject(new Error(`${events} lines`))
  })
  await trial.check('after a boot it runs by itself', async () => {
    await machine.reboot()
    return await job(machine)
  })
}

/** The same for a machine's units and for a user's. */
async function ofUnits(
  trial: Trial,
  machine: Machine,
  systemctl: string,
  journalctl: string,
  user: string,
): Promise<void> {
  const all = 'runyard-engine.service runyard-api.service runyard-worker@1.service'
  await trial.check('a job runs', async () => await job(machine))
  await trial.check('nothing was started again', async () => {
    const said = await machine.run(`${systemctl} show --property=NRestarts --value ${all}`, user)
    return said.split(/\s+/).every((one) => one === '' || one === '0') ? 'no restart' : Promise.reject(new Error(said))
  })
  await trial.check('the worker is connected to past the engine', async () => {
    const said = await machine.run(
      `${journalctl} --quiet --output=cat --unit=runyard-worker@1 | grep -o 'sandboxes \\(cannot \\)\\?connect[^"]*'`,
      user,
    )
    return said.startsWith('sandboxes connect') ? said.trim() : Promise.reject(new Error(said))
  })
  for (const unit of ['runyard-worker@1.service', 'runyard-engine.service']) {
    await trial.check(`kill -9 of ${unit}`, async () => {
      await machine.run(`${systemctl} kill --kill-whom=main --signal=KILL ${unit}`, user)
      return await job(machine)
    })
  }
  await trial.check('stop with a job that runs', async () => {
    const { id } = await untilTaken(() =>
      clientOf(machine.url).submit({
        language: 'bash',
        code: 'echo begun; sleep 20; echo ended',
        limits: { wallMs: 60 * SECOND },
      }),
    )
    for await (const event of clientOf(machine.url).stream(id)) if (event.type === 'stdout') break
    await machine.run(`${systemctl} stop runyard.target`, user)
    const active = (await machine.try(`${systemctl} is-active ${all}`, user)).stdout
    if (/^(active|activating|deactivating)$/m.test(active)) throw new Error(`still there: ${active}`)
    const left = (await machine.run('podman ps --all --quiet | wc -l', user)).trim()
    if (left !== '0') throw new Error(`${left} containers are left`)
    await machine.run(`${systemctl} start runyard.target`, user)
    await job(machine)
    return expectJob(await clientOf(machine.url).get(id), 'succeeded', 'begun\nended\n')
  })
}

/** A job, as soon as one can be run. */
const job = (machine: Machine): Promise<string> =>
  untilTaken(async () =>
    expectJob(await clientOf(machine.url).run({ language: 'bash', code: 'echo hi' }), 'succeeded', 'hi\n'),
  )

/** Asks again while parts of the service start: the engine of an emulated machine takes minutes. */
async function untilTaken<T>(ask: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + 15 * MINUTE; ; await sleep(2 * SECOND)) {
    try {
      return await ask()
    } catch (error) {
      if (Date.now() > deadline) throw error
    }
  }
}

/** Podman copies each image for each range of ids, which takes an emulated processor minutes: so one sandbox at a time. */
const ONE_RANGE = 'WORKER_CONCURRENCY=1 POOL_READY=0'

async function rootless(trial: Trial, machine: Machine): Promise<void> {
  const mode = `PODMAN_MODE=rootless${hasKvm() ? '' : ` ${ONE_RANGE}`}`
  await facts(trial, machine, 'on')
  await trial.check('refuses an unprepared machine, and names the mends', async () => {
    const { exitCode, output } = await machine.try(`cd ${AT_HOME} && ${mode} npm start`, USER)
    if (exitCode === 0 || !output.includes('usermod --add-subuids')) throw new Error(`exits ${exitCode}: ${output}`)
    return 'refused'
  })
  await trial.check('the mends', async () => {
    await machine.run(`usermod --add-subuids 1048576-2097151 --add-subgids 1048576-2097151 ${USER}`)
    await machine.run(`loginctl enable-linger ${USER}`)
    await machine.run('podman system migrate', USER)
    return 'ids added, lingering'
  })
  await trial.check('images brought in', async () =>
    (await machine.run(`podman load --quiet --input ${IMAGES} | wc -l`, USER)).trim(),
  )
  await doctor(trial, machine, AT_HOME, USER, mode)
  await npmStart(trial, machine, AT_HOME, USER, true, mode)
  trial.note(
    'store after jobs',
    (
      await machine.try(
        'podman info --format "{{.Store.GraphDriverName}}"; du -sh ~/.local/share/containers/storage',
        USER,
      )
    ).output
      .trim()
      .replaceAll('\n', ', '),
  )
  const installed = await trial.check('user units, installed as docs/systemd.md says', async () => {
    await machine.run(
      `set -e\nmkdir -p ~/.config/runyard\nprintf '%s\\n' ${mode} ${assignments()} >~/.config/runyard/runyard.env\n${documented('For a user')}`,
      USER,
    )
    return 'all commands end with 0'
  })
  if (installed) await ofUnits(trial, machine, 'systemctl --user', 'journalctl --user', USER)
}
