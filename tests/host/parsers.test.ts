import { condense } from '../../src/host/images/build-image.ts'
import { parseVersion } from '../../src/host/images/image-builder.ts'
import { socketFolderPath } from '../../src/shared/socket-folder.ts'
import { rangeOf } from '../../src/host/subordinate-ids.ts'
import { hardLimits, ulimitArguments } from '../../src/host/ulimits.ts'

const LIMITS = [
  'Limit                     Soft Limit           Hard Limit           Units     ',
  'Max processes             100                  9000                 processes ',
  'Max open files            1024                 4096                 files     ',
].join('\n')

test('containers never ask for more than this process may have', () => {
  expect(ulimitArguments(LIMITS)).toEqual(['--ulimit', 'nofile=4096:4096', '--ulimit', 'nproc=9000:9000'])
})

test('unlimited becomes an ample number', () => {
  const unlimited = LIMITS.replaceAll(/9000|4096/g, 'unlimited')
  expect(hardLimits(unlimited).every(({ value }) => value >= 16_384 && Number.isInteger(value))).toBe(true)
})

test.each([
  ['Python 3.13.5', '3.13.5'],
  ['v20.19.2', '20.19.2'],
  ['GNU bash, version 5.2.37(1)-release (x86_64-pc-linux-gnu)', '5.2.37'],
  ['go version go1.24.4 linux/amd64', '1.24.4'],
  ['rustc 1.85.0 (4d91de4e4 2025-02-17) (built from a source tarball)', '1.85.0'],
  ['ruby 3.3.8 (2025-04-09 revision b200bad6cd) [x86_64-linux-gnu]', '3.3.8'],
  ['nothing', undefined],
])('the version in "%s" is %s', (text, version) => expect(parseVersion(text)).toBe(version))

test.each([
  ['Setting up python3.13 (3.13.5-2) ...', 'setting up python3.13'],
  ['Unpacking libc6:amd64 (2.41-12) ...', 'unpacking libc6'],
  ['Get:3 http://mirror.test/debian trixie/main amd64 libexpat1 amd64 2.7.1-2 [108 kB]', 'fetching libexpat1 (108 kB)'],
  ['STEP 2/3: RUN true', 'step 2/3'],
  ['Reading package lists...', undefined],
])('"%s" is shown as "%s"', (line, text) => expect(condense(line)).toBe(text))

test('the ranges of one owner are added up', () => {
  const text = 'containers:100000:65536\nsomebody:200000:65536\ncontainers:300000:65536\n'
  expect(rangeOf('containers', text)).toBe(131_072)
  expect(rangeOf('nobody', text)).toBe(0)
})

test('sockets stay in the data directory unless their path would be too long', () => {
  expect(socketFolderPath('/srv/runyard', '/run/user/1')).toBe('/srv/runyard/run')
  const deep = `/srv/${'deep/'.repeat(30)}runyard`
  expect(socketFolderPath(deep, '/run/user/1')).toMatch(/^\/run\/user\/1\/runyard-\d+-[0-9a-f]{16}$/)
})
