import type { TestGems } from '../support/gem-index.ts'
import type { Hostile } from './hostile-packages.ts'

const ruby = (word: string): [string, string][] => [['lib/trial.rb', `module Trial; WORD = "${word}"; end\n`]]
const own = (name: string, version: string): [string, string][] => [
  [`lib/${name}.rb`, `module ${name.toUpperCase()}; WORD = "${name} ${version}"; end\n`],
]

/** Those that the trials are about. */
export function addGems({ add }: TestGems): void {
  for (const version of ['1.0.0', '1.1.0', '1.2.0', '2.0.0']) add({ name: 'trial', version, files: ruby(version) })
  add({ name: 'trial', version: '1.3.0', files: ruby('1.3.0'), days: 1 })
  add({ name: 'aa', version: '1.0', files: own('aa', '1.0'), needs: { bb: '~> 1.0', trial: '< 1.2' } })
  add({ name: 'bb', version: '1.0', files: own('bb', '1.0') }, { name: 'bb', version: '1.5', files: own('bb', '1.5') })
  add({ name: 'bb', version: '2.0', files: own('bb', '2.0') })
  add({ name: 'cc', version: '1.0', files: own('cc', '1.0'), needs: { bb: '>= 2' } })
  for (const platform of ['x86_64-linux', 'aarch64-linux'])
    add({ name: 'native', version: '1.0', platform, files: [['lib/native.rb', 'NATIVE = "compiled"\n']] })
  add({ name: 'native', version: '1.0', platform: 'java', files: [['lib/native.rb', 'NATIVE = "java"\n']] })
  add({ name: 'native', version: '1.0', extensions: ['ext/extconf.rb'] })
  add({ name: 'json', version: '0.1.0', files: [['lib/json.rb', 'module JSON; WORD = "json 0.1"; end\n']] })
  for (const name of ['bigdecimal', 'json'])
    add({ name, version: '99.0', extensions: ['ext/extconf.rb'], needs: { 'of-new': '>= 0' } })
  add({ name: 'of-new', version: '1.0', files: [] })
  add({ name: 'popular', version: '1.0', files: own('popular', '1.0'), needs: { bigdecimal: '>= 0', json: '>= 2' } })
  add({ name: 'popular', version: '1.1', files: own('popular', '1.1'), needs: { bigdecimal: '>= 99', json: '>= 2' } })
  add({ name: 'newest', version: '1.0', files: own('newest', '1.0'), needs: { json: '>= 99', bigdecimal: '>= 0' } })
  add({ name: 'uses-own', version: '1.0', files: own('uses', '1.0'), needs: { set: '>= 0', bb: '>= 0' } })
}

const ready = (title: string, asked: object, run: string, stdout: string): Hostile => ({
  language: 'ruby',
  title,
  asked,
  code: 'ready',
  run,
  stdout,
})
const TRIAL = 'require "trial"\nputs Trial::WORD\n'
const BOTH = 'require "aa"\nrequire "bb"\nrequire "trial"\nputs [AA::WORD, BB::WORD, Trial::WORD].join(", ")\n'
const KNOWN = `GEM
  remote: https://example.com/
  specs:
    aa (1.0)
      bb (~> 1.0)
      trial (< 1.2)
    bb (1.0)
    trial (1.0.0)

PLATFORMS
  ruby

DEPENDENCIES
  aa
`

/** What Bundler's rules make of what is asked for. */
export const GEM_TRIALS: Hostile[] = [
  ready('the last version that is old enough', { dependencies: ['trial'] }, TRIAL, '2.0.0\n'),
  ready('the last version that begins so', { dependencies: ['trial@1'] }, TRIAL, '1.2.0\n'),
  ready('one version', { dependencies: ['trial@1.0.0'] }, TRIAL, '1.0.0\n'),
  ready('a range', { dependencies: ['trial@>=1,<1.2'] }, TRIAL, '1.1.0\n'),
  ready('what others need', { dependencies: ['aa'] }, BOTH, 'aa 1.0, bb 1.5, 1.1.0\n'),
  ready(
    'a Gemfile',
    { manifest: 'source "https://example.com"\ngem "aa"\ngroup :test do\n  gem "nobody-has-this"\nend\n' },
    BOTH,
    'aa 1.0, bb 1.5, 1.1.0\n',
  ),
  ready(
    'a Gemfile.lock without checksums, whose versions are kept',
    { manifest: KNOWN },
    BOTH,
    'aa 1.0, bb 1.0, 1.0.0\n',
  ),
  ready(
    'one that is compiled for this platform',
    { dependencies: ['native'] },
    'require "native"\nputs NATIVE\n',
    'compiled\n',
  ),
  ready(
    'an older version of what Ruby has itself',
    { dependencies: ['json@0.1.0'] },
    'require "json"\nputs JSON::WORD\n',
    'json 0.1\n',
  ),
  ready(
    'a need that Ruby meets itself',
    { dependencies: ['uses-own'] },
    'require "uses"\nrequire "bb"\nputs USES::WORD, BB::WORD, Gem.loaded_specs.key?("uses-own")\n',
    'uses 1.0\nbb 2.0\ntrue\n',
  ),
  ready(
    'what Ruby has itself, compiled, and the index only to be compiled',
    { dependencies: ['popular'] },
    'require "popular"\nrequire "bigdecimal"\nrequire "json"\nputs POPULAR::WORD, BigDecimal("0.1"), JSON.generate([1])\nputs $LOADED_FEATURES.grep(/of-new|environment.*json/).length\n',
    'popular 1.0\n0.1e0\n[1]\n0\n',
  ),
  ready(
    'what Ruby has itself, asked for by its name',
    { dependencies: ['json', 'bb'] },
    'require "json"\nputs JSON.generate([1]), Gem.loaded_specs["json"].version.segments.first\n',
    '[1]\n2\n',
  ),
  ready(
    'a Gemfile.lock that names what Ruby has itself',
    { manifest: KNOWN.replace('  aa\n', '  aa\n  json (>= 2)\n') },
    BOTH,
    'aa 1.0, bb 1.0, 1.0.0\n',
  ),
  {
    language: 'ruby',
    title: 'nothing but what Ruby has itself',
    asked: { dependencies: ['json'] },
    code: 'environment-failed',
    says: /Ruby has these gems itself/,
  },
  {
    language: 'ruby',
    title: 'a newer version of what Ruby has itself',
    asked: { dependencies: ['json@>=99', 'bigdecimal'] },
    code: 'package-needs-build',
    says: /json 99\.0/,
  },
  {
    language: 'ruby',
    title: 'a need of a newer version of what Ruby has itself',
    asked: { dependencies: ['newest'] },
    code: 'package-needs-build',
    says: /json 99\.0/,
  },
  ready(
    'options of Ruby beside those that find gems',
    { dependencies: ['trial@1.0.0'] },
    'require "trial"\nputs Trial::WORD, $stdout.sync\n',
    '1.0.0\ntrue\n',
  ),
  {
    language: 'ruby',
    title: 'versions that exclude each other',
    asked: { dependencies: ['aa', 'cc'] },
    code: 'environment-failed',
  },
  {
    language: 'ruby',
    title: 'a version that is too new',
    asked: { dependencies: ['trial@1.3.0'] },
    code: 'package-too-new',
  },
  {
    language: 'ruby',
    title: 'a version that nobody has',
    asked: { dependencies: ['trial@9'] },
    code: 'package-unknown',
  },
]
