import { expect, test } from '@jest/globals'
import { loadConfig } from '../../src/shared/config/config.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { containerOptionsOf } from '../../src/worker/sandbox/container-options.ts'

const optionsOf = containerOptionsOf(loadConfig(packageRoot(), {}), 'worker')

test('a sandbox may mount, which profiles of AppArmor that engines bring forbid, and has no profile by name', () => {
  const profiles = optionsOf('image', 1 << 26).HostConfig?.SecurityOpt?.filter((one: string) =>
    one.startsWith('apparmor'),
  )
  // A name is refused where AppArmor is off, by podman as by its users' own; this one is not.
  expect(profiles).toEqual(['apparmor=unconfined'])
})

test('what is left of a sandbox beside the cell stands', () => {
  const { HostConfig } = optionsOf('image', 1 << 26)
  expect(HostConfig).toMatchObject({
    NetworkMode: 'none',
    ReadonlyRootfs: true,
    CapDrop: ['ALL'],
    UsernsMode: 'auto:size=65536',
  })
  expect(HostConfig?.SecurityOpt).toContain('no-new-privileges')
})
