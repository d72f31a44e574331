/** What the machine says about running podman as an ordinary user; `readRootlessFacts` gathers it. */
export interface RootlessFacts {
  uid: number
  /** The name of that user. */
  user: string
  /** Contents of /proc/self/mounts. */
  mounts: string
  /** Of the cgroup that systemd gave to the user's service manager; undefined when there is none. */
  delegated:
    | { path: string; /** Contents of its cgroup.controllers. */ controllers: string; isOwn: boolean }
    | undefined
  /** Contents of /etc/subuid and /etc/subgid; empty where there is no such file. */
  subuid: string
  subgid: string
  /** Whether these programs, by their names, are there and may do what they are for. */
  idMappers: Record<'newuidmap' | 'newgidmap', 'absent' | 'powerless' | 'able'>
  /** XDG_RUNTIME_DIR, or where systemd makes it. */
  runtimeDir: { path: string; isUsable: boolean; hasBus: boolean }
  /** Contents of the files below /proc/sys by their names with dots; undefined where the kernel has none of that name. */
  sysctl: (name: string) => string | undefined
  /** Whether AppArmor has a profile that lets podman make user namespaces. */
  hasPodmanProfile: boolean
  /** Whether the user's services go on when the user has logged out. */
  lingers: boolean
}

/** One thing that rootless podman needs, with what was found. */
export interface RootlessNeed {
  name: string
  /** `warn`: it works, but not always. */
  state: 'ok' | 'warn' | 'fail'
  detail: string
  mend?: string
}

/** Ids of one sandbox, as the worker asks podman for. */
export const IDS_OF_SANDBOX = 65_536
/** A worker has a sandbox for each slot, and some ready; rootless podman takes the ids of all of them from the user's range. */
const SANDBOXES = 16
export const NEEDED_IDS = SANDBOXES * IDS_OF_SANDBOX

const CONTROLLERS = ['cpu', 'memory', 'pids'] as const

/**
 * Decides what rootless podman lacks on a machine, in the order in which it is best mended. Without I/O.
 *
 * Limits of a sandbox are limits of a cgroup, and an ordinary user may set those only below a cgroup that was given to it with
 * these controllers, which only cgroup v2 can do. Podman would run containers without it too, but without any limit.
 */
export function rootlessNeeds(facts: RootlessFacts): RootlessNeed[] {
  if (facts.uid === 0) return [user(facts)]
  return [
    user(facts),
    cgroupVersion(facts),
    delegation(facts),
    userNamespaces(facts),
    ...(['newuidmap', 'newgidmap'] as const).map((program) => idMapper(facts, program)),
    subordinateIds(facts, 'subuid'),
    subordinateIds(facts, 'subgid'),
    runtimeFolder(facts),
    lingering(facts),
  ]
}

/** Whether nothing that it cannot do without is lacking. */
export const canBeRootless = (needs: readonly RootlessNeed[]): boolean => needs.every(({ state }) => state !== 'fail')

const ok = (name: string, detail: string): RootlessNeed => ({ name, state: 'ok', detail })
const fail = (name: string, detail: string, mend: string): RootlessNeed => ({ name, state: 'fail', detail, mend })

function user({ uid, user: name }: RootlessFacts): RootlessNeed {
  if (uid !== 0) return ok('user', `${name} (uid ${uid})`)
  return fail('user', 'this user is root', 'start Runyard as an ordinary user, or set PODMAN_MODE to auto or root')
}

function cgroupVersion({ mounts }: RootlessFacts): RootlessNeed {
  const isUnified = mounts.split('\n').some((line) => / \/sys\/fs\/cgroup cgroup2 /.test(line))
  if (isUnified) return ok('cgroup v2', 'at /sys/fs/cgroup, alone')
  return fail(
    'cgroup v2',
    'not alone at /sys/fs/cgroup: with cgroup v1, or both, a user cannot be given controllers',
    'boot with systemd.unified_cgroup_hierarchy=1',
  )
}

function delegation({ uid, user: name, delegated }: RootlessFacts): RootlessNeed {
  const title = 'delegated cgroup'
  if (delegated === undefined) {
    return fail(
      title,
      `there is no cgroup of a service manager of uid ${uid}`,
      `start systemd as init, and log in by ssh or at the console, or as root: loginctl enable-linger ${name}; su and sudo start none`,
    )
  }
  const there = new Set(delegated.controllers.trim().split(/\s+/))
  const lacking = CONTROLLERS.filter((one) => !there.has(one))
  const mend =
    'as root: put "[Service]" and "Delegate=cpu memory pids" into /etc/systemd/system/user@.service.d/delegate.conf, ' +
    `systemctl daemon-reload, systemctl restart user@${uid}.service`
  if (lacking.length > 0) return fail(title, `${delegated.path} is without ${lacking.join(', ')}`, mend)
  if (!delegated.isOwn) return fail(title, `${delegated.path}/cgroup.subtree_control is not the user's`, mend)
  return ok(title, `${delegated.path}, with ${CONTROLLERS.join(', ')}`)
}

function userNamespaces({ sysctl, hasPodmanProfile }: RootlessFacts): RootlessNeed {
  const name = 'user namespaces'
  const set = (setting: string) => `as root: sysctl -w ${setting}, and the same line in /etc/sysctl.d/runyard.conf`
  const most = sysctl('user.max_user_namespaces')
  if (most === undefined) return fail(name, 'this kernel has none', 'use a kernel with CONFIG_USER_NS')
  if (Number(most) < 2 * SANDBOXES) {
    return fail(name, `user.max_user_namespaces is ${most.trim()}`, set('user.max_user_namespaces=65536'))
  }
  if (sysctl('kernel.unprivileged_userns_clone')?.trim() === '0') {
    return fail(name, 'kernel.unprivileged_userns_clone is 0', set('kernel.unprivileged_userns_clone=1'))
  }
  if (sysctl('kernel.apparmor_restrict_unprivileged_userns')?.trim() === '1' && !hasPodmanProfile) {
    return fail(
      name,
      'kernel.apparmor_restrict_unprivileged_userns is 1, and /etc/apparmor.d has no profile of podman',
      `install the distribution's AppArmor profiles, or ${set('kernel.apparmor_restrict_unprivileged_userns=0')}`,
    )
  }
  return ok(name, 'allowed')
}

function idMapper({ idMappers }: RootlessFacts, program: 'newuidmap' | 'newgidmap'): RootlessNeed {
  const state = idMappers[program]
  if (state === 'able') return ok(program, 'installed')
  if (state === 'absent') return fail(program, 'not found', 'as root: apt-get install uidmap')
  return fail(program, 'is neither setuid root nor has its capability', 'as root: apt-get install --reinstall uidmap')
}

function subordinateIds(facts: RootlessFacts, file: 'subuid' | 'subgid'): RootlessNeed {
  const name = `/etc/${file}`
  const count = idsOf(facts[file], facts.user, facts.uid)
  if (count >= NEEDED_IDS) return ok(name, `${count} ids`)
  const first = firstFree(facts[file], NEEDED_IDS)
  const option = `--add-${file}s ${first}-${first + NEEDED_IDS - 1}`
  return fail(
    name,
    `${count} ids for ${facts.user}; allowed are ${NEEDED_IDS} or more: each sandbox takes ${IDS_OF_SANDBOX}`,
    `as root: usermod ${option} ${facts.user}; then as ${facts.user}: podman system migrate`,
  )
}

function runtimeFolder({ uid, user: name, runtimeDir: { path, isUsable, hasBus } }: RootlessFacts): RootlessNeed {
  const title = 'runtime folder'
  const mend = `log in by ssh or at the console, or as root: loginctl enable-linger ${name}; under su, XDG_RUNTIME_DIR must be set`
  if (!isUsable) return fail(title, `${path} (XDG_RUNTIME_DIR) does not belong to uid ${uid}, or is not there`, mend)
  if (!hasBus) {
    return fail(
      title,
      `no ${path}/bus: podman asks systemd through it for the cgroups of containers`,
      'as root: apt-get install dbus-user-session; then log in anew',
    )
  }
  return ok(title, path)
}

function lingering({ user: name, lingers }: RootlessFacts): RootlessNeed {
  if (lingers) return ok('lingering', 'goes on without a login')
  return {
    name: 'lingering',
    state: 'warn',
    detail: `what ${name} runs ends when ${name} logs out`,
    mend: `as root: loginctl enable-linger ${name}`,
  }
}

/** How many ids the lines `owner:first:count` give to a user, by name or number. */
export function idsOf(text: string, name: string, uid: number): number {
  return ranges(text)
    .filter(({ owner }) => owner === name || owner === String(uid))
    .reduce((sum, { count }) => sum + count, 0)
}

/** Where a range begins that nobody has. */
function firstFree(text: string, size: number): number {
  const taken = ranges(text)
  let first = size
  for (;;) {
    const hit = taken.find((range) => range.first < first + size && first < range.first + range.count)
    if (hit === undefined) return first
    first = hit.first + hit.count
  }
}

const ranges = (text: string) =>
  text
    .split('\n')
    .map((line) => line.split(':'))
    .filter((fields) => fields.length === 3)
    .map(([owner = '', first, count]) => ({ owner, first: Number(first) || 0, count: Number(count) || 0 }))
