import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { validate as deployment } from 'kubernetes-models/_schemas/IoK8sApiAppsV1Deployment'
import { validate as statefulSet } from 'kubernetes-models/_schemas/IoK8sApiAppsV1StatefulSet'
import { validate as namespace } from 'kubernetes-models/_schemas/IoK8sApiCoreV1Namespace'
import { validate as service } from 'kubernetes-models/_schemas/IoK8sApiCoreV1Service'
import { validate as networkPolicy } from 'kubernetes-models/_schemas/IoK8sApiNetworkingV1NetworkPolicy'
import { validate as disruptionBudget } from 'kubernetes-models/_schemas/IoK8sApiPolicyV1PodDisruptionBudget'
import { loadConfig } from '../../src/shared/config/config.ts'
import { SETTINGS } from '../../src/shared/config/settings.ts'
import { serviceCommand } from '../../src/host/service-command.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { readDoc } from '../docs/tables.ts'
import { faultsOf, type Manifest, readManifests, type Schema } from './manifests.ts'

/** Its package has the schema, and does not export it. */
const { validate: scaledObject } = (await import(
  join(
    packageRoot(),
    'node_modules/@kubernetes-models/keda/_schemas/ComGithubKedacoreKedaV2ApisKedaV1alpha1ScaledObject.js',
  )
)) as { validate: Schema }

const SCHEMAS: Record<string, Schema> = {
  'apps/v1 Deployment': deployment,
  'apps/v1 StatefulSet': statefulSet,
  'keda.sh/v1alpha1 ScaledObject': scaledObject,
  'networking.k8s.io/v1 NetworkPolicy': networkPolicy,
  'policy/v1 PodDisruptionBudget': disruptionBudget,
  'v1 Namespace': namespace,
  'v1 Service': service,
}

interface Container {
  name: string
  image: string
  command?: string[]
  env?: { name: string; value: string }[]
  ports?: { name: string; containerPort: number }[]
  securityContext?: Record<string, unknown>
  volumeMounts?: { name: string; mountPath: string }[]
}
interface PodSpec {
  initContainers?: Container[]
  containers: Container[]
  terminationGracePeriodSeconds: number
  volumes: { name: string }[]
  securityContext: Record<string, unknown>
}
interface Workload {
  selector: { matchLabels: Record<string, string> }
  template: { metadata: { labels: Record<string, string> }; spec: PodSpec }
}
interface Kustomization {
  resources: string[]
  images: { name: string }[]
}

const root = packageRoot()
const folder = join(root, 'deploy/kubernetes')
const all = readManifests(folder)
const manifests = all.filter(({ kind }) => kind !== 'Kustomization')
const workloads = manifests.filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet')
const workload = (name: string) => workloads.find(({ metadata }) => metadata.name === name)?.spec as Workload
const pod = (name: string) => workload(name).template.spec
const containersOf = (name: string) => [...(pod(name).initContainers ?? []), ...pod(name).containers]
const container = (workloadName: string, name: string) => {
  const found = containersOf(workloadName).find((one) => one.name === name)
  if (found === undefined) throw new Error(`${workloadName} has no container ${name}`)
  return found
}
const environmentOf = (one: Container) => Object.fromEntries((one.env ?? []).map(({ name, value }) => [name, value]))
const withoutFile = ({ file: _file, ...rest }: Manifest) => rest

test.each(manifests.map((one) => [`${one.file}: ${one.kind} ${one.metadata.name}`, one] as const))(
  '%s is what its schema says, with no member that it does not know',
  (_title, one) => {
    const schema = SCHEMAS[`${one.apiVersion} ${one.kind}`]
    expect(schema).toBeDefined()
    if (schema !== undefined) expect(faultsOf(schema, withoutFile(one))).toEqual([])
  },
)

test('a misspelt member and a value of another type are found', () => {
  const wrong = structuredClone(manifests.find(({ kind }) => kind === 'Deployment')) as Manifest & {
    spec: Workload & { replica?: number }
  }
  wrong.spec.replica = 2
  Object.assign(wrong.spec.template.spec, { terminationGracePeriodSeconds: 'long' })
  const faults = faultsOf(deployment, withoutFile(wrong))
  expect(faults).toContain('/spec/replica: not known')
  expect(faults.some((fault) => fault.startsWith('/spec/template/spec/terminationGracePeriodSeconds: type'))).toBe(true)
})

test('the kustomization lists every file, and every image that is ours', () => {
  const kustomization = all.find(({ kind }) => kind === 'Kustomization') as unknown as Kustomization
  expect(new Set(kustomization.resources)).toEqual(new Set(manifests.map(({ file }) => file)))
  const images = workloads.flatMap(({ metadata }) => containersOf(metadata.name).map(({ image }) => image))
  const ours = new Set(images.filter((image) => image.startsWith('runyard-')))
  expect(new Set(kustomization.images.map(({ name }) => name))).toEqual(ours)
})

/** Of the engine's script, which is no part of the product. */
const OTHERS = new Set(['RUNYARD_LANGUAGES'])

test('every setting they name exists and has a value that is accepted', () => {
  const known = new Set(SETTINGS.map(({ name }) => name))
  const all = workloads.flatMap(({ metadata }) => containersOf(metadata.name))
  expect(
    all.flatMap((one) => Object.keys(environmentOf(one))).filter((name) => !known.has(name) && !OTHERS.has(name)),
  ).toEqual([])
  for (const one of all) {
    const own = Object.entries(environmentOf(one)).filter(([name]) => !OTHERS.has(name) && !name.endsWith('_FILE'))
    expect(() => loadConfig(root, Object.fromEntries(own))).not.toThrow()
  }
})

test('the gateway and the worker are started as npm start does it, so that SIGTERM reaches them', () => {
  for (const name of ['api', 'worker'] as const) {
    const [file, ...args] = container(`runyard-${name}`, name).command ?? []
    expect([file, ...args]).toEqual(['node', ...serviceCommand('', name).slice(1)])
  }
})

test('a pod has its drain time and 20 s more before it is killed', () => {
  const drainSeconds = Number(SETTINGS.find(({ name }) => name === 'DRAIN_TIMEOUT_MS')?.default) / 1000
  expect(pod('runyard-worker').terminationGracePeriodSeconds).toBeGreaterThanOrEqual(drainSeconds + 20)
})

test('nothing is privileged but the engine: all else meets the restricted profile', () => {
  for (const { metadata } of workloads) {
    const { securityContext: ofPod } = pod(metadata.name)
    for (const one of containersOf(metadata.name)) {
      const context: Record<string, unknown> = { ...ofPod, ...one.securityContext }
      if (one.name === 'engine') continue
      expect(context).toMatchObject({
        runAsNonRoot: true,
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
      })
      expect(context['privileged']).toBeUndefined()
      expect(Number(context['runAsUser'])).toBeGreaterThan(0)
    }
  }
})

test('ports, volumes and labels are named as they are called', () => {
  for (const { kind, metadata, spec } of manifests.filter((one) => one.kind === 'Service')) {
    const { selector, ports } = spec as { selector: Record<string, string>; ports: { targetPort: string }[] }
    const behind = workloads.find((one) => {
      const { labels } = (one.spec as Workload).template.metadata
      return Object.entries(selector).every(([name, value]) => labels[name] === value)
    })
    expect([kind, behind?.metadata.name]).toEqual([kind, metadata.name])
    const named = containersOf(metadata.name).flatMap((one) => (one.ports ?? []).map(({ name }) => name))
    for (const { targetPort } of ports) expect(named).toContain(targetPort)
  }
  for (const { metadata } of workloads) {
    const { selector, template } = workload(metadata.name)
    expect(template.metadata.labels).toMatchObject(selector.matchLabels)
    const claims = metadata.name === 'runyard-redis' ? ['data'] : []
    const there = new Set([...template.spec.volumes.map(({ name }) => name), ...claims])
    for (const mount of containersOf(metadata.name).flatMap((one) => one.volumeMounts ?? [])) {
      expect(there).toContain(mount.name)
    }
  }
})

test('the worker finds the socket that the engine makes in the folder they share', () => {
  const script = readFileSync(join(folder, 'engine.sh'), 'utf8')
  const [, made = ''] = /engine --folder (\S+)/.exec(script) ?? []
  expect(environmentOf(container('runyard-worker', 'worker'))['PODMAN_SOCKET']).toBe(`${made}/podman.sock`)
  for (const name of ['engine', 'worker']) {
    const mounts = container('runyard-worker', name).volumeMounts ?? []
    expect(mounts.find((mount) => mount.name === 'socket')?.mountPath).toBe(made)
  }
  const [, group] = /--group (\d+)/.exec(script) ?? []
  expect(container('runyard-worker', 'worker').securityContext).toMatchObject({ runAsGroup: Number(group) })
  expect(existsSync(join(root, 'deploy/kubernetes/engine.Containerfile'))).toBe(true)
})

test('KEDA scales the worker, by metrics that the gateway has, as many jobs to a worker as it runs at a time', () => {
  const { spec } = manifests.find(({ kind }) => kind === 'ScaledObject') as { spec: ScaledSpec }
  expect(workloads.map(({ metadata }) => metadata.name)).toContain(spec.scaleTargetRef.name)
  const [trigger] = spec.triggers
  const metrics = [...(trigger?.metadata['query'] ?? '').matchAll(/runyard_\w+/g)].map(([name]) => name)
  expect(metrics).toEqual(['runyard_queued_jobs', 'runyard_running_jobs'])
  for (const name of metrics) expect(readDoc('docs/metrics.md')).toContain(`| \`${name}\``)
  const { WORKER_CONCURRENCY } = environmentOf(container('runyard-worker', 'worker'))
  expect(trigger?.metadata['threshold']).toBe(WORKER_CONCURRENCY)
})

interface ScaledSpec {
  scaleTargetRef: { name: string }
  triggers: { metadata: Record<string, string> }[]
}
