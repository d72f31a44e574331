import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '../../src/host/command.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import type { Host } from './host.ts'

/** A switch in the network namespace of this process, to which hosts are connected. */
export interface Network {
  /** By a cable. */
  connect(host: Host): Promise<void>
  /** By one whose quality can be set. It has a process between its ends, so it is slower than others at its best, too. */
  connectByWire(host: Host): Promise<void>
  /** Takes the port of a host down: what is sent through it vanishes, and nobody is told. */
  cut(host: Host): Promise<void>
  mend(host: Host): Promise<void>
  /** Of the wire, each way. */
  worsen(delayMs: number, loss: number): void
  close(): void
}

const SWITCH = 'switch'

const ip = (...words: string[]) => runCommand(['ip', ...words])

/**
 * @param address of this process in it, in a network of 256
 * @throws Error when this process has no network namespace of its own
 */
export async function makeNetwork(address: string): Promise<Network> {
  // In a new one not even loopback is up.
  if (Object.keys(networkInterfaces()).length > 0) {
    throw new Error('this changes the network it is in, and needs one of its own: npm run test:hosts gives it one')
  }
  await ip('link', 'set', 'lo', 'up')
  await ip('link', 'add', SWITCH, 'type', 'bridge')
  await ip('address', 'add', `${address}/24`, 'dev', SWITCH)
  await ip('link', 'set', SWITCH, 'up')
  const connected: { host: Host; device: string; hardware: string }[] = []
  // As behind a router, a host goes on sending to one that has no link: it does not ask who has the address, and so never learns
  // that nobody has. From that answer the kernel would know when the link is back.
  const know = ({ host, device }: (typeof connected)[0], other: (typeof connected)[0]) =>
    host.inNetwork([
      'ip',
      'neighbour',
      'replace',
      other.host.address,
      'lladdr',
      other.hardware,
      'dev',
      device,
      'nud',
      'permanent',
    ])
  const address24 = async (host: Host, device: string) => {
    const one = { host, device, hardware: `02:00:00:00:00:${String(connected.length + 16)}` }
    await host.inNetwork(['ip', 'link', 'set', device, 'address', one.hardware])
    await host.inNetwork(['ip', 'address', 'add', `${host.address}/24`, 'dev', device])
    await host.inNetwork(['ip', 'link', 'set', device, 'up'])
    await ip('link', 'set', host.name, 'master', SWITCH, 'up')
    for (const other of connected) await Promise.all([know(one, other), know(other, one)])
    connected.push(one)
  }
  const wire = spawn('python3', [join(packageRoot(), 'tests/hosts/wire.py'), 'near', 'far'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(wire.stdout, 'data')
  return {
    async connect(host) {
      await ip('link', 'add', host.name, 'type', 'veth', 'peer', 'name', 'cable', 'netns', String(host.pid))
      await address24(host, 'cable')
    },
    async connectByWire(host) {
      await ip('link', 'set', 'far', 'netns', String(host.pid))
      await ip('link', 'set', 'near', 'name', host.name)
      await address24(host, 'far')
    },
    cut: async ({ name }) => void (await ip('link', 'set', name, 'down')),
    mend: async ({ name }) => void (await ip('link', 'set', name, 'up')),
    worsen: (delayMs, loss) => void wire.stdin.write(`${delayMs / 1000} ${loss}\n`),
    close: () => wire.stdin.end(),
  }
}
