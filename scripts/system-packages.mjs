import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { step } from './steps.mjs'

/**
 * Installs the system packages that are missing, after saying which; does nothing when there are none.
 *
 * Of an entry in `system-packages.json`, `for` says what needs the package, `only` that nothing but this command does, `unless` which environment variable names another in its place, and
 * `services` which services it brings that must not be started: Runyard and its tests run their own.
 * @param {string} root
 * @param {string} [command] e.g. `test`
 */
export async function installSystemPackages(root, command) {
  const all = JSON.parse(readFileSync(join(root, 'scripts/system-packages.json'), 'utf8'))
  const packages = all.filter(
    ({ only, unless }) => (only === undefined || only === command) && !(unless && process.env[unless]),
  )
  const installed = installedPackages(packages.map(({ name }) => name))
  const missing = packages.filter(({ name }) => !installed.has(name))
  if (missing.length === 0) return
  const names = missing.map(({ name }) => name)
  if (!existsSync('/usr/bin/apt-get')) {
    throw new Error(
      `missing: ${names.join(', ')}. There is no apt-get here to install them with; Runyard's set-up knows Debian and Ubuntu`,
    )
  }
  console.log('System packages to install:')
  for (const { name, for: purpose } of missing) console.log(`  ${name.padEnd(24)} ${purpose}`)
  const prefix = asRoot(names)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const install = `apt-get install --yes --no-install-recommends ${names.join(' ')}`
  const script = withoutServices(
    missing.flatMap(({ services = [] }) => services),
    install,
  )
  await step('Package lists', [...prefix, 'apt-get', 'update'], { env })
  await step('System packages', [...prefix, 'sh', '-euc', script], { env })
}

/** The command prefix that gives root's rights. @throws {Error} when there is none */
function asRoot(names) {
  if (process.getuid() === 0) return []
  if (spawnSync('sudo', ['--version']).status !== 0) {
    throw new Error(
      `missing: ${names.join(', ')}. Run this as root, or install them: apt-get install ${names.join(' ')}`,
    )
  }
  return ['sudo', '--preserve-env=DEBIAN_FRONTEND']
}

/**
 * A shell script that installs packages while none of these services is started: not with the installation (policy-rc.d,
 * Debian's way of saying so) and not at the next boot.
 */
function withoutServices(services, install) {
  if (services.length === 0) return install
  const patterns = services.map((service) => `${service}|${service}.service`).join('|')
  return `
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f $policy' EXIT
  printf '#!/bin/sh\\ncase "$1" in ${patterns}) exit 101 ;; esac\\nexit 0\\n' >$policy
  chmod 0755 $policy
fi
${install}
if [ -d /run/systemd/system ]; then
  systemctl disable --now ${services.join(' ')} >/dev/null 2>&1 || true
fi`
}

function installedPackages(names) {
  const query = ['--show', '--showformat', '${db:Status-Status} ${Package}\\n', ...names]
  const { stdout } = spawnSync('dpkg-query', query, { encoding: 'utf8' })
  return new Set(
    (stdout ?? '')
      .split('\n')
      .filter((line) => line.startsWith('installed '))
      .map((line) => line.slice('installed '.length)),
  )
}
