import { describe, expect, test } from '@jest/globals'
import { type Environment, loadConfig } from '../../src/shared/config/config.ts'

const load = (environment: Environment) => loadConfig('/srv/runyard', environment)

describe('the configuration', () => {
  test('without any variable is the documented default', () => {
    expect(load({})).toMatchObject({
      http: {
        host: '127.0.0.1',
        port: 3000,
        maxBodyBytes: 2 * 1024 ** 2,
        maxCodeBytes: 1024 ** 2,
        maxProblemBytes: 8 * 1024 ** 2,
      },
      redis: undefined,
      dataDir: '/srv/runyard/.runyard',
      sandbox: { reuse: 'tenant', graceMs: 5000, cpuWeight: 512 },
      limits: { defaults: { wallMs: 30_000, memoryBytes: 512 * 1024 ** 2 } },
    })
  })

  test('may allow fewer open files than a session needs where there are none', () => {
    const { limits } = load({ DEFAULT_OPEN_FILES: '64', MAX_OPEN_FILES: '64', SESSIONS_MEMORY_BYTES: '0' })
    expect(limits.ceilings.openFiles).toBe(64)
  })

  test.each([
    [{ PORT: 'abc' }, /PORT is "abc".*0 to 65535/],
    [{ PORT: '70000' }, /PORT/],
    [{ PORT: '' }, /PORT/],
    [{ SANDBOX_REUSE: 'ture' }, /SANDBOX_REUSE is "ture"; allowed are tenant, never/],
    [{ HOST: '0.0.0.0' }, /HOST is "0.0.0.0".*authentication/],
    [{ HOST: '::' }, /HOST/],
    [{ HOST: '' }, /HOST is "".*authentication/],
    [{ HOST: '127.0.0.1.example.org' }, /HOST is "127.0.0.1.example.org".*authentication/],
    [{ HOST: '127.example' }, /HOST is "127.example".*authentication/],
    [{ HOST: 'localhost.example.org' }, /HOST is "localhost.example.org".*authentication/],
    [{ HOST: '192.0.2.1' }, /HOST is "192.0.2.1".*authentication/],
    [{ AUTH: 'off' }, /AUTH is "off"; allowed are none, optional, required/],
    [{ RUNYARD_FOO: '1' }, /RUNYARD_FOO is not a setting/],
    [{ RUNYARD_NAMESPACE: 'a}b' }, /RUNYARD_NAMESPACE/],
    [{ DEFAULT_WALL_MS: '9999999' }, /DEFAULT_WALL_MS.*MAX_WALL_MS/],
    [{ DEFAULT_OPEN_FILES: '159' }, /DEFAULT_OPEN_FILES \(159\) is below 160.*SESSIONS_MEMORY_BYTES=0/],
    [{ MAX_CODE_BYTES: '9999999' }, /MAX_CODE_BYTES.*MAX_BODY_BYTES/],
    [{ KILL_GRACE_MS: '-1' }, /KILL_GRACE_MS/],
    [{ PACKAGE_PRELOAD: 'numpy' }, /PACKAGE_PRELOAD has "numpy"; allowed are entries such as lab\/python\/numpy/],
    [{ PACKAGE_PRELOAD: '*/python/numpy,lab/ruby/json' }, /PACKAGE_PRELOAD has "lab\/ruby\/json"/],
    [{ PACKAGE_PRELOAD: 'lab/python/-c' }, /PACKAGE_PRELOAD/],
    [{ PACKAGE_PRELOAD: 'lab/javascript/../x' }, /PACKAGE_PRELOAD/],
    [{ PACKAGE_PRELOAD: 'lab/javascript/--inspect' }, /PACKAGE_PRELOAD/],
    [{ PACKAGE_PRELOAD: 'lab/javascript/@scope' }, /PACKAGE_PRELOAD/],
    [{ DEFAULT_CPU_MS: '1e3' }, /DEFAULT_CPU_MS/],
    [{ ARMED: 'ture' }, /PREWARM is "ture"; allowed are on, off/],
    [{ ARMED: 'on', PREWARM: 'off' }, /ARMED is the former name of PREWARM, and both are set; remove ARMED/],
  ])('refuses %j and names what is wrong', (environment, message) => {
    expect(() => load(environment)).toThrow(message)
  })

  test('takes a setting by its former name too, and notes that it did', () => {
    expect(load({ PREWARM: 'off' })).toMatchObject({ sandbox: { prewarm: false }, formerNames: [] })
    const former = { former: 'ARMED', name: 'PREWARM' }
    expect(load({ ARMED: 'off' })).toMatchObject({ sandbox: { prewarm: false }, formerNames: [former] })
    expect(load({ ARMED: 'off', PREWARM: 'off' })).toMatchObject({ sandbox: { prewarm: false }, formerNames: [former] })
  })
})
