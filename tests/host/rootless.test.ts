import { execFileSync } from 'node:child_process'
import { checkRootless, checkStorage } from '../../src/cli/doctor/rootless-checks.ts'
import { GIB, MIB } from '../../src/shared/limits.ts'
import { choosePodmanMode, RootlessImpossible } from '../../src/host/podman-mode.ts'
import { readRootlessFacts } from '../../src/host/rootless/facts.ts'
import { NEEDED_IDS, type RootlessFacts, rootlessNeeds } from '../../src/host/rootless/needs.ts'

const CGROUP = '/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service'
const SYSCTLS: Record<string, string> = { 'user.max_user_namespaces': '96365\n' }

/** A Debian with systemd, prepared for the user ann. */
const PREPARED: RootlessFacts = {
  uid: 1000,
  user: 'ann',
  mounts: 'proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n',
  delegated: { path: CGROUP, controllers: 'cpu memory pids\n', isOwn: true },
  subuid: `ann:1048576:${NEEDED_IDS}\n`,
  subgid: `ann:1048576:${NEEDED_IDS}\n`,
  idMappers: { newuidmap: 'able', newgidmap: 'able' },
  runtimeDir: { path: '/run/user/1000', isUsable: true, hasBus: true },
  sysctl: (name) => SYSCTLS[name],
  hasPodmanProfile: false,
  lingers: true,
}
const withSysctl = (name: string, value: string | undefined) => ({
  sysctl: (asked: string) => (asked === name ? value : SYSCTLS[asked]),
})

test('a machine that is prepared lacks nothing', () => {
  const needs = rootlessNeeds(PREPARED)
  expect(needs.filter(({ state }) => state !== 'ok')).toEqual([])
  expect(needs.map(({ name }) => name)).toHaveLength(10)
})

const HYBRID = 'tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n'
const FAULTS: [title: string, change: Partial<RootlessFacts>, name: string, detail: string, mend: string][] = [
  ['root', { uid: 0, user: 'root' }, 'user', 'this user is root', 'PODMAN_MODE'],
  ['cgroup v1 beside v2', { mounts: HYBRID }, 'cgroup v2', 'not alone', 'unified_cgroup_hierarchy=1'],
  ['no service manager', { delegated: undefined }, 'delegated cgroup', 'no cgroup', 'loginctl enable-linger'],
  [
    'no cpu controller, as systemd before 252 has it',
    { delegated: { path: CGROUP, controllers: 'memory pids', isOwn: true } },
    'delegated cgroup',
    `${CGROUP} is without cpu`,
    'Delegate=cpu memory pids',
  ],
  [
    'controllers in a cgroup of root',
    { delegated: { path: CGROUP, controllers: 'cpu memory pids', isOwn: false } },
    'delegated cgroup',
    "not the user's",
    'Delegate=',
  ],
  [
    'no user namespaces',
    withSysctl('user.max_user_namespaces', undefined),
    'user namespaces',
    'none',
    'CONFIG_USER_NS',
  ],
  [
    'too few user namespaces',
    withSysctl('user.max_user_namespaces', '0\n'),
    'user namespaces',
    'user.max_user_namespaces is 0',
    'sysctl -w user.max_user_namespaces=',
  ],
  [
    'user namespaces for root only',
    withSysctl('kernel.unprivileged_userns_clone', '0\n'),
    'user namespaces',
    'unprivileged_userns_clone is 0',
    'sysctl -w kernel.unprivileged_userns_clone=1',
  ],
  [
    'AppArmor in the way, as on Ubuntu',
    withSysctl('kernel.apparmor_restrict_unprivileged_userns', '1\n'),
    'user namespaces',
    'apparmor_restrict_unprivileged_userns is 1',
    'kernel.apparmor_restrict_unprivileged_userns=0',
  ],
  [
    'no newuidmap',
    { idMappers: { newuidmap: 'absent', newgidmap: 'able' } },
    'newuidmap',
    'not found',
    'apt-get install uidmap',
  ],
  [
    'a newgidmap without rights',
    { idMappers: { newuidmap: 'able', newgidmap: 'powerless' } },
    'newgidmap',
    'neither setuid',
    '--reinstall uidmap',
  ],
  ['no subordinate uids', { subuid: '' }, '/etc/subuid', '0 ids for ann', 'usermod --add-subuids 1048576-2097151 ann'],
  [
    'the range that useradd gives',
    { subgid: 'ann:100000:65536\n' },
    '/etc/subgid',
    '65536 ids for ann; allowed are 1048576 or more',
    'usermod --add-subgids 1048576-2097151 ann',
  ],
  [
    'a range beside those of others',
    { subuid: 'bob:1000000:100000\ncontainers:2147483647:2147483648\n' },
    '/etc/subuid',
    '0 ids for ann',
    '--add-subuids 1100000-2148575 ann',
  ],
  [
    'no runtime folder',
    { runtimeDir: { path: '/run/user/1000', isUsable: false, hasBus: false } },
    'runtime folder',
    '/run/user/1000 (XDG_RUNTIME_DIR)',
    'enable-linger',
  ],
  [
    'no bus of the user',
    { runtimeDir: { path: '/run/user/1000', isUsable: true, hasBus: false } },
    'runtime folder',
    'no /run/user/1000/bus',
    'dbus-user-session',
  ],
]

test.each(FAULTS)('%s: it is named, with what mends it, and nothing else is', (_title, change, name, detail, mend) => {
  const failed = rootlessNeeds({ ...PREPARED, ...change }).filter(({ state }) => state === 'fail')
  expect(failed.map((need) => need.name)).toEqual([name])
  expect(failed[0]?.detail).toContain(detail)
  expect(failed[0]?.mend).toContain(mend)
})

test('a profile of podman lets it through AppArmor; ranges by number count; lines that are none are nothing', () => {
  const facts = {
    ...PREPARED,
    ...withSysctl('kernel.apparmor_restrict_unprivileged_userns', '1\n'),
    hasPodmanProfile: true,
    subuid: `# a comment\nann:100000:65536\n1000:1048576:${NEEDED_IDS - 65536}\n`,
  }
  expect(rootlessNeeds(facts).filter(({ state }) => state !== 'ok')).toEqual([])
})

test('without lingering it works, and is warned of', () => {
  const needs = rootlessNeeds({ ...PREPARED, lingers: false })
  expect(needs.filter(({ state }) => state !== 'ok')).toMatchObject([{ name: 'lingering', state: 'warn' }])
})

const HALF = { ...PREPARED, subuid: '', mounts: HYBRID }
test.each([
  ['auto', { ...PREPARED, uid: 0 }, 'root'],
  ['root', { ...PREPARED, uid: 0 }, 'root'],
  ['auto', PREPARED, 'rootless'],
  ['root', PREPARED, 'sudo'],
  ['rootless', PREPARED, 'rootless'],
  ['auto', HALF, 'sudo'],
] as const)('PODMAN_MODE=%s: podman is run as it can be', (asked, facts, mode) =>
  expect(choosePodmanMode(asked, facts)).toBe(mode),
)

test('rootless that is asked for and cannot be is refused, with all that is missing', () => {
  const choose = () => choosePodmanMode('rootless', HALF)
  expect(choose).toThrow(RootlessImpossible)
  expect(choose).toThrow(
    /the user ann here:\n {2}cgroup v2: .+\n {4}mend: .+\n {2}\/etc\/subuid: .+\n {4}mend: as root: usermod .+$/,
  )
})

test('the doctor shows each need where rootless counts, and one line where it does not', () => {
  expect(checkRootless('root', HALF)).toEqual([])
  expect(checkRootless('auto', { ...PREPARED, uid: 0 })).toEqual([])
  expect(checkRootless('auto', PREPARED)).toHaveLength(10)
  expect(checkRootless('auto', HALF)).toMatchObject([
    { state: 'ok', detail: expect.stringContaining('cgroup v2, /etc/subuid') as string },
  ])
  expect(checkRootless('rootless', HALF).filter(({ state }) => state === 'fail')).toHaveLength(2)
})

test('the doctor warns of storage that copies images for each sandbox, and of room that copies for each range of ids need', () => {
  const storage = {
    driver: 'overlay',
    folder: '/s',
    freeBytes: 8 * GIB,
    imageBytes: 400 * MIB,
    ranges: 17,
    maps: false,
  }
  expect(checkStorage(storage)).toMatchObject({
    state: 'ok',
    detail: expect.stringContaining('up to 6.6 GiB') as string,
  })
  expect(checkStorage({ ...storage, freeBytes: 5 * GIB })).toMatchObject({
    state: 'warn',
    detail: expect.stringContaining('17 ranges of ids, a copy of 400 MiB for each), 5.0 GiB are free in /s') as string,
    mend: expect.stringContaining('fuse-overlayfs') as string,
  })
  expect(checkStorage({ ...storage, freeBytes: 0, maps: true }).state).toBe('ok')
  const vfs = checkStorage({ ...storage, driver: 'vfs' })
  expect(vfs).toMatchObject({ state: 'warn', mend: expect.stringContaining('storage.conf') as string })
})

test('what this machine says is what its own tools say', async () => {
  const facts = await readRootlessFacts()
  expect(facts.user).toBe(execFileSync('id', ['--user', '--name'], { encoding: 'utf8' }).trim())
  expect(facts.mounts).toContain(' /proc proc ')
  expect(facts.idMappers.newuidmap).toBe('able')
  const most = execFileSync('cat', ['/proc/sys/user/max_user_namespaces'], { encoding: 'utf8' })
  expect(facts.sysctl('user.max_user_namespaces')).toBe(most)
  expect((await readRootlessFacts({ PATH: '/nowhere' })).idMappers.newgidmap).toBe('absent')
})
