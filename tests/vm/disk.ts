import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { runCommand } from '../../src/host/command.ts'
import { currentReferences } from '../../src/host/images/references.ts'
import { listImages } from '../../src/host/images/image-store.ts'
import { podmanCommand } from '../../src/host/podman.ts'
import { loadLanguages } from '../../src/shared/language.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
// @ts-expect-error -- plain JavaScript, which runs before anything is installed
import { hashFiles } from '../../scripts/stamp.mjs'
import { makeDebian, type Suite } from './debian.ts'

/** What a machine is started from. It is not written to. */
export interface Disk {
  image: string
  kernel: string
  initrd: string
}

const ROOT = packageRoot()
const SIZE = '16G'
const SLOW = '[Manager]\nDefaultTimeoutStartSec=30min\nDefaultDeviceTimeoutSec=30min\n'
/** Where the checkout and podman's images stand in a machine; `USER` has a checkout too. */
export const CHECKOUT = '/opt/runyard'
export const IMAGES = '/opt/images.tar'
export const USER = 'ann'

/** Where it stands, or will. */
export const diskOf = (suite: Suite, folder: string): Disk => ({
  image: join(folder, `${suite}.img`),
  kernel: join(folder, `${suite}.kernel`),
  initrd: join(folder, `${suite}.initrd`),
})

/**
 * Makes the disk of a machine with this checkout as it is now, built, and the images of the languages installed by default.
 * @param folder for it and for what is kept between runs
 * @param key public, of who may log in
 */
export async function makeDisk(suite: Suite, folder: string, key: string, say: (text: string) => void): Promise<Disk> {
  const archive = await makeDebian(suite, folder, say)
  const images = await saveImages(folder, say)
  const tree = join(folder, `tree-${suite}`)
  const disk = diskOf(suite, folder)
  await rm(tree, { recursive: true, force: true })
  await mkdir(tree)
  try {
    say(`unpacking ${suite}`)
    await runCommand([
      'tar',
      '--extract',
      '--file',
      archive,
      '--directory',
      tree,
      '--numeric-owner',
      '--xattrs',
      '--xattrs-include=*',
    ])
    if (suite === 'bookworm') await addNode(tree)
    await prepare(tree, key)
    say('bringing in the checkout')
    await addCheckout(tree, CHECKOUT)
    await addCheckout(tree, `/home/${USER}/runyard`)
    await runCommand(['chroot', tree, 'chown', '--recursive', `${USER}:`, `/home/${USER}`])
    await runCommand(['cp', '--reflink=auto', images, join(tree, IMAGES)])
    await loadImages(tree, images, folder)
    const boot = await readdir(join(tree, 'boot'))
    for (const [name, to] of [
      ['vmlinuz-', disk.kernel],
      ['initrd.img-', disk.initrd],
    ] as const) {
      await cp(join(tree, 'boot', boot.find((file) => file.startsWith(name)) ?? name), to)
    }
    say('making the disk')
    await rm(disk.image, { force: true })
    await runCommand(['mke2fs', '-q', '-t', 'ext4', '-d', tree, disk.image, SIZE])
  } finally {
    await rm(tree, { recursive: true, force: true })
  }
  return disk
}

/** What an installer would ask for: a name, a network, users and their keys. */
async function prepare(tree: string, key: string): Promise<void> {
  const files = {
    'etc/hostname': 'runyard-test\n',
    'etc/hosts': '127.0.0.1 localhost\n127.0.1.1 runyard-test\n::1 localhost\n',
    'etc/fstab': '/dev/vda / ext4 defaults 0 0\n',
    'etc/systemd/network/20-wired.network': '[Match]\nName=en* eth*\n[Network]\nDHCP=yes\n',
    // Time limits of the machine's own, which an emulated one would meet before anything of Runyard is there.
    'etc/systemd/system.conf.d/slow.conf': SLOW,
    'etc/systemd/user.conf.d/slow.conf': SLOW,
    'etc/ssh/sshd_config.d/slow.conf': 'LoginGraceTime 0\nUseDNS no\n',
    'root/.ssh/authorized_keys': key,
    [`home/${USER}/.ssh/authorized_keys`]: key,
    [`etc/sudoers.d/${USER}`]: `${USER} ALL=(ALL) NOPASSWD: ALL\n`,
  }
  await runCommand(['chroot', tree, 'useradd', '--create-home', '--shell', '/bin/bash', USER])
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(tree, path)), { recursive: true, mode: path.includes('.ssh') ? 0o700 : 0o755 })
    await writeFile(join(tree, path), content, { mode: /ssh|sudoers/.test(path) ? 0o600 : 0o644 })
  }
  await runCommand(['chroot', tree, 'systemctl', 'enable', 'systemd-networkd.service', 'ssh.service'])
  // Nothing outside is reached.
  await runCommand(['chroot', tree, 'systemctl', 'mask', 'apt-daily.timer', 'apt-daily-upgrade.timer'])
}

/** This machine's Node, with npm, for a release whose own is too old. */
async function addNode(tree: string): Promise<void> {
  await cp(process.execPath, join(tree, 'usr/bin/node'))
  const npm = join(dirname(process.execPath), '../lib/node_modules/npm')
  await cp(npm, join(tree, 'usr/lib/node_modules/npm'), { recursive: true, verbatimSymlinks: true })
  for (const name of ['npm', 'npx']) {
    await symlink(`../lib/node_modules/npm/bin/${name}-cli.js`, join(tree, 'usr/bin', name))
  }
}

const BUILT = ['dist', 'node_modules', 'sandbox/build', 'sandbox/host/build']

/** The files that git knows or would, and what was built of them, as if it had been built there. */
async function addCheckout(tree: string, path: string): Promise<void> {
  const to = join(tree, path)
  await mkdir(to, { recursive: true })
  const listed = await runCommand(['git', 'ls-files', '--cached', '--others', '--exclude-standard'], { cwd: ROOT })
  const files = listed.split('\n').filter((name) => name !== '' && existsSync(join(ROOT, name)))
  const list = join(tree, 'tmp/files')
  await writeFile(list, [...files, ...BUILT].join('\n'))
  await runCommand([
    'sh',
    '-c',
    'tar --create --directory "$1" --files-from "$2" | tar --extract --directory "$3"',
    'sh',
    ROOT,
    list,
    to,
  ])
  await rm(list)
  const node = (await runCommand(['chroot', tree, 'node', '--print', 'process.versions.node'])).trim()
  const hash = (hashFiles as (root: string, paths: string[]) => string)(ROOT, ['package.json', 'package-lock.json'])
  await writeFile(join(to, 'node_modules/.runyard-stamp'), hash + node)
}

/** Into the store of the machine's root, where it would take an emulated processor half an hour. */
async function loadImages(tree: string, images: string, folder: string): Promise<void> {
  const store = join(tree, 'var/lib/containers/storage')
  const runRoot = join(folder, 'podman-run')
  await runCommand([
    'podman',
    '--root',
    store,
    '--runroot',
    runRoot,
    '--storage-driver',
    'overlay',
    'load',
    '--quiet',
    '--input',
    images,
  ])
  // The machine's own podman decides these anew.
  const made = [join(store, 'libpod'), join(store, 'defaultNetworkBackend'), runRoot]
  for (const path of made) await rm(path, { recursive: true, force: true })
}

/** One archive of all images that this version uses of those that podman has here. */
async function saveImages(folder: string, say: (text: string) => void): Promise<string> {
  const podman = podmanCommand()
  const present = await listImages(podman)
  const languages = loadLanguages(join(ROOT, 'languages')).filter((language) => language.default)
  const wanted = [...currentReferences(ROOT, languages)].filter((image) => present.has(image)).sort()
  const version = createHash('sha256').update(wanted.join()).digest('hex').slice(0, 12)
  const file = join(folder, `images-${version}.tar`)
  if (existsSync(file)) return file
  say(`saving ${wanted.length} images`)
  const unfinished = join(folder, 'unfinished-images.tar')
  await rm(unfinished, { force: true })
  await podman.run(['save', '--quiet', '--multi-image-archive', '--output', unfinished, ...wanted])
  await rename(unfinished, file)
  return file
}
