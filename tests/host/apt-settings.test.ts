import { carriedOptions, debianSources } from '../../src/host/apt-settings.ts'
import { debootstrapArguments } from '../../src/host/images/debian-image.ts'

const DUMP = [
  'APT::Install-Recommends "true";',
  'Acquire::http "";',
  'Acquire::http::Proxy "http://proxy.test:3128";',
  'Acquire::Check-Date "false";',
  'Acquire::Languages:: "de";',
  '',
].join('\n')

const TARGETS = [
  'Packages Debian Debian http://mirror.test/debian/',
  'Translations Debian Debian http://mirror.test/debian/',
  'Packages Debian Debian-Security http://mirror.test/security/',
  'Packages Other Other http://other.test/',
].join('\n')

test('what concerns the way to the mirror is carried over, and nothing else', () => {
  expect(carriedOptions(DUMP)).toEqual([
    'Acquire::http::Proxy "http://proxy.test:3128";',
    'Acquire::Check-Date "false";',
  ])
})

test("the machine's Debian mirror serves the release that is built", () => {
  expect(debianSources(TARGETS, 'trixie')).toEqual([
    'deb http://mirror.test/debian/ trixie main',
    'deb http://mirror.test/debian/ trixie-updates main',
    'deb http://mirror.test/security/ trixie-security main',
  ])
})

test('a machine without a Debian mirror leaves the choice to mmdebstrap', () => {
  expect(debianSources('Packages Ubuntu Ubuntu http://mirror.test/ubuntu/', 'trixie')).toEqual([])
  const args = debootstrapArguments('/tmp/x.tar', { options: [], sources: [] })
  expect(args.at(-1)).toBe('/tmp/x.tar')
})

test('nothing of the machine stays in the image', () => {
  const args = debootstrapArguments('/tmp/x.tar', {
    options: carriedOptions(DUMP),
    sources: ['deb http://mirror.test x main'],
  })
  const hooks = args.filter((arg) => arg.startsWith('--customize-hook=')).join('\n')
  for (const file of ['/etc/hostname', '/etc/resolv.conf', '99mmdebstrap', '/etc/apt/sources.list']) {
    expect(hooks).toContain(file)
  }
})
