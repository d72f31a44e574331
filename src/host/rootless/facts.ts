import { constants } from 'node:fs'
import { access, readFile, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { tryCommand } from '../command.ts'
import type { RootlessFacts } from './needs.ts'

const SYSCTLS = [
  'user.max_user_namespaces',
  'kernel.unprivileged_userns_clone',
  'kernel.apparmor_restrict_unprivileged_userns',
]
/** Where a profile of podman is, as distributions have it. */
const PROFILES = ['/etc/apparmor.d/podman', '/etc/apparmor.d/usr.bin.podman']

/** Gathers what `rootlessNeeds` decides by, of this machine and this user. Reads only. */
export async function readRootlessFacts(environment: NodeJS.ProcessEnv = process.env): Promise<RootlessFacts> {
  const uid = process.getuid?.() ?? 0
  const user = nameOf(uid)
  const sysctls = new Map<string, string | undefined>()
  for (const name of SYSCTLS) sysctls.set(name, await read(`/proc/sys/${name.replaceAll('.', '/')}`))
  const profiles = await Promise.all(PROFILES.map((file) => read(file)))
  return {
    uid,
    user,
    mounts: (await read('/proc/self/mounts')) ?? '',
    delegated: await delegatedTo(uid),
    subuid: (await read('/etc/subuid')) ?? '',
    subgid: (await read('/etc/subgid')) ?? '',
    idMappers: {
      newuidmap: await idMapper('newuidmap', environment),
      newgidmap: await idMapper('newgidmap', environment),
    },
    runtimeDir: await runtimeDir(uid, environment['XDG_RUNTIME_DIR'] || `/run/user/${uid}`),
    sysctl: (name) => sysctls.get(name),
    hasPodmanProfile: profiles.some((text) => text?.includes('userns') === true),
    lingers: (await stat(`/var/lib/systemd/linger/${user}`).catch(() => undefined)) !== undefined,
  }
}

/** A uid without an entry in the user database is its own name. */
function nameOf(uid: number): string {
  try {
    return userInfo().username
  } catch {
    return String(uid)
  }
}

async function delegatedTo(uid: number): Promise<RootlessFacts['delegated']> {
  const path = `/sys/fs/cgroup/user.slice/user-${uid}.slice/user@${uid}.service`
  const controllers = await read(join(path, 'cgroup.controllers'))
  if (controllers === undefined) return undefined
  const owner = await stat(join(path, 'cgroup.subtree_control')).catch(() => undefined)
  return { path, controllers, isOwn: owner?.uid === uid }
}

async function runtimeDir(uid: number, path: string): Promise<RootlessFacts['runtimeDir']> {
  const folder = await stat(path).catch(() => undefined)
  const bus = await stat(join(path, 'bus')).catch(() => undefined)
  return { path, isUsable: folder?.isDirectory() === true && folder.uid === uid, hasBus: bus?.isSocket() === true }
}

/** Debian makes these programs setuid root; other distributions give them a capability. */
async function idMapper(name: string, environment: NodeJS.ProcessEnv): Promise<'absent' | 'powerless' | 'able'> {
  for (const folder of (environment['PATH'] ?? '/usr/bin:/bin').split(':')) {
    const file = join(folder, name)
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (!isThere) continue
    const { mode, uid } = await stat(file)
    if (uid === 0 && (mode & 0o4000) !== 0) return 'able'
    return (await tryCommand(['getcap', file])).stdout.includes('cap_set') ? 'able' : 'powerless'
  }
  return 'absent'
}

const read = (file: string): Promise<string | undefined> => readFile(file, 'utf8').catch(() => undefined)
