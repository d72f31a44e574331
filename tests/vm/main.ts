import { mkdirSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../../src/host/command.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { type Disk, diskOf, makeDisk } from './disk.ts'
import type { Suite } from './debian.ts'
import { hasKvm, startMachine } from './machine.ts'
import { PARTS } from './parts.ts'
import { createSay, createTrial, type Row, table } from './trial.ts'

/**
 * Runyard on machines as people have them: a Debian made from its packages, with a kernel, systemd and AppArmor of its own, in qemu.
 * `npm run test:vm [-- PART...]`, as root; needs qemu-system-x86_64, mmdebstrap, mke2fs, ssh and 30 GB of disk. Without KVM all parts
 * take hours. `--list` names the parts. CONTRIBUTING.md says how a machine is kept for another try (`VM_KEEP`, `VM_ATTACH`, `VM_FROM`).
 */
const NEEDED = ['qemu-system-x86_64', 'mmdebstrap', 'mke2fs', 'ssh', 'ssh-keygen']
const folder = join(packageRoot(), '.runyard/vm')
const args = process.argv.slice(2)
const unknown = args.filter((arg) => !PARTS.some(({ name }) => name === arg))
if (unknown.length > 0) {
  console.log(`parts are ${PARTS.map(({ name }) => name).join(', ')}`)
  process.exit(unknown[0] === '--list' ? 0 : 1)
}
for (const program of NEEDED) {
  await runCommand(['sh', '-c', 'command -v "$1"', 'sh', program]).catch(() => {
    console.error(`${program} is missing: apt-get install qemu-system-x86 mmdebstrap e2fsprogs openssh-client`)
    process.exit(1)
  })
}
if (process.getuid?.() !== 0) {
  console.error('making a disk takes root: sudo npm run test:vm')
  process.exit(1)
}

mkdirSync(folder, { recursive: true })
const logFile = join(folder, 'log.txt')
const isAttached = process.env['VM_ATTACH'] !== undefined
if (!isAttached) rmSync(logFile, { force: true })
const say = createSay(logFile)
say(`log: ${logFile}; ${hasKvm() ? 'with KVM' : 'without KVM: every processor is emulated'}`)
const key = join(folder, 'key')
if (!isAttached) {
  rmSync(key, { force: true })
  rmSync(`${key}.pub`, { force: true })
  await runCommand(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'runyard-test', '-f', key])
}
const publicKey = await readFile(`${key}.pub`, 'utf8')

const rows: Row[] = []
const disks = new Map<Suite, Disk>()
for (const part of PARTS.filter(({ name }) => args.length === 0 || args.includes(name))) {
  const trial = createTrial(part.name, rows, (text) => say(`${part.name}: ${text}`), process.env['VM_FROM'])
  try {
    const disk =
      disks.get(part.suite) ??
      (isAttached ? diskOf(part.suite, folder) : await makeDisk(part.suite, folder, publicKey, trial.say))
    disks.set(part.suite, disk)
    const machine = await startMachine(disk, { ...part, folder, key, say: trial.say })
    try {
      await part.run(trial, machine)
      if (process.env['VM_KEEP'] === '1' && rows.some(({ outcome }) => outcome === 'FAILED')) {
        trial.say('the machine is kept as it is until this ends (Ctrl-C)')
        await new Promise(() => setInterval(() => undefined, 60_000))
      }
    } finally {
      await machine.close()
    }
  } catch (error) {
    await trial.check('the part itself', () => Promise.reject(error as Error))
  }
}
say(`\n${table(rows)}`)
const failed = rows.filter(({ outcome }) => outcome === 'FAILED').length
say(failed === 0 ? 'everything holds' : `${failed} things are wrong`)
process.exit(failed === 0 ? 0 : 1)
