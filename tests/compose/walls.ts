import { readFileSync } from 'node:fs'
import { allPids, commandLine } from '../support/processes.ts'
import type { Stack } from './stack.ts'

interface Inspected {
  State: { Pid: number }
  Config: { User: string; Healthcheck?: unknown }
  HostConfig: {
    Privileged: boolean
    ReadonlyRootfs: boolean
    CapAdd: string[]
    Devices: unknown[]
    PidMode: string
    NetworkMode: string
    UsernsMode: string
  }
  Mounts: { Type: string; Destination: string; RW: boolean }[]
  NetworkSettings: { Ports: Record<string, { HostIp: string; HostPort: string }[] | null>; Networks: object }
}

/** What of the host, or of a volume, a container of each service is given: where, and whether it may write there. */
const GIVEN: Record<string, string[]> = {
  redis: ['/data rw', '/run/secrets/redis-password ro'],
  api: ['/run/secrets/redis-password ro'],
  worker: ['/run/podman ro', '/run/secrets/redis-password ro'],
  proxy: ['/etc/haproxy.cfg ro'],
}

/** What holds a container of this service less than it should. */
export async function faultsOfContainer(stack: Stack, service: string, container: string): Promise<string[]> {
  const [found] = JSON.parse(await stack.podman.run(['inspect', container])) as [Inspected]
  const { HostConfig: host, NetworkSettings: network, Mounts: mounts } = found
  const status = readFileSync(`/proc/${found.State.Pid}/status`, 'utf8')
  const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(status)?.[1] ?? ''
  const published = Object.values(network.Ports).flatMap((bindings) => bindings ?? [])
  const networks = Object.keys(network.Networks).map((one) => one.replace(`${stack.name}_`, ''))
  const given = mounts.map(({ Destination, RW }) => `${Destination} ${RW ? 'rw' : 'ro'}`)
  const write = await stack.podman.try(['exec', container, 'sh', '-c', 'echo >/written || echo >/etc/written'])
  const expected: [what: string, is: string, shouldBe: string][] = [
    ['privileged', String(host.Privileged), 'false'],
    ['read-only root', String(host.ReadonlyRootfs), 'true'],
    ['exit code of a write to the root', write.exitCode === 0 ? '0' : 'not 0', 'not 0'],
    ['capabilities added', host.CapAdd.join(), ''],
    ['capabilities it has', field('CapEff'), '0000000000000000'],
    ['capabilities it could get', field('CapBnd'), '0000000000000000'],
    ['no new privileges', field('NoNewPrivs'), '1'],
    ['seccomp', field('Seccomp'), '2'],
    ['runs as root', String(field('Uid').split('\t').includes('0')), 'false'],
    ['devices', JSON.stringify(host.Devices), '[]'],
    ['process namespace', host.PidMode, 'private'],
    ['network mode', host.NetworkMode, 'bridge'],
    ['networks', networks.join(), 'default'],
    ['mounts', given.sort().join(), GIVEN[service]?.join() ?? ''],
    ['published ports', String(published.length), service === 'proxy' ? '1' : '0'],
    ['published elsewhere than on loopback', String(published.some(({ HostIp }) => HostIp !== '127.0.0.1')), 'false'],
    ['a health check', String(found.Config.Healthcheck !== undefined), 'true'],
  ]
  return expected
    .filter(([, is, shouldBe]) => is !== shouldBe)
    .map(([what, is, shouldBe]) => `${container}: ${what}: ${is}, not ${shouldBe}`)
}

/** How Redis can be reached, or its password be read, by those who should not. */
export async function faultsOfRedis(stack: Stack, password: string): Promise<string[]> {
  const [redis = ''] = await stack.containersOf('redis')
  const faults: string[] = []
  const ping = await stack.podman.try(['exec', redis, 'redis-cli', 'ping'])
  if (!ping.output.includes('NOAUTH')) faults.push(`Redis answers without a password: ${ping.output}`)
  const append = await stack.podman.run([
    'exec',
    redis,
    'sh',
    '-c',
    'REDISCLI_AUTH=$(cat /run/secrets/redis-password) redis-cli config get appendonly',
  ])
  if (!/appendonly\s+yes/.test(append)) faults.push(`Redis has no append-only file: ${append}`)
  const shown = allPids().filter((pid) => commandLine(pid).some((word) => word.includes(password)))
  if (shown.length > 0) faults.push(`the password is an argument of the processes ${shown.join()}`)
  const told = await stack.podman.run(['inspect', redis])
  if (told.includes(password)) faults.push('podman inspect tells the password')
  return faults
}
