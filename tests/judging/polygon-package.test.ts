import { expect, test } from '@jest/globals'
import { readProblem } from '../../src/shared/judging/read-problem.ts'
import { elementsAt, parseXml, XmlFault } from '../../src/shared/judging/simple-xml.ts'

const LANGUAGES: Record<string, string> = { py: 'python', cpp: 'cpp', h: 'c' }
const languageOf = (path: string) => LANGUAGES[path.slice(path.lastIndexOf('.') + 1)]
const read = (files: Record<string, string>) =>
  readProblem(new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)])), languageOf)
const faultsOf = (files: Record<string, string>) => read(files).faults.map(({ path, detail }) => `${path}: ${detail}`)

interface Parts {
  judging?: string
  set?: string
  assets?: string
  resources?: string
}
const CHECKER = '<checker type="testlib"><source path="files/check.cpp" type="cpp.g++17"/></checker>'
const xml = ({ judging = '', set = '<test-count>2</test-count>', assets = CHECKER, resources = '' }: Parts = {}) =>
  `
<?xml version="1.0" encoding="utf-8" standalone="no"?>
<problem revision="3" short-name="sum">
  <judging ${judging}>
    <testset name="tests">
      <time-limit>1500</time-limit><memory-limit>268435456</memory-limit>
      <input-path-pattern>tests/%02d</input-path-pattern><answer-path-pattern>tests/%02d.a</answer-path-pattern>
      ${set}
    </testset>
  </judging>
  <files><resources><file path="files/testlib.h"/>${resources}</resources></files>
  <assets>${assets}</assets>
</problem>`.trim()
const DATA = { 'tests/01': '1 2', 'tests/01.a': '3', 'tests/02': '5 6', 'tests/02.a': '11' }
const SOURCES = { 'files/check.cpp': '#include "testlib.h"\nint main() {}', 'files/testlib.h': '// testlib' }
const of = (parts: Parts, more: Record<string, string> = {}) => ({
  'problem.xml': xml(parts),
  ...DATA,
  ...SOURCES,
  ...more,
})

test('a checker of a million lines is read in the time of its length', () => {
  const files = of({}, { 'files/check.cpp': '\n'.repeat(1e6) })
  expect(faultsOf(files)).toEqual([])
})

test('a full package has its tests, limits and checker', () => {
  const set = '<tests><test method="manual" sample="true"/><test method="generated" cmd="gen 2"/></tests>'
  expect(read(of({ set }))).toMatchObject({ format: 'polygon', examples: [], faults: [] })
  expect(read(of({ set })).problem).toEqual({
    tests: [
      { name: '1', stdin: '1 2', stdinEncoding: 'utf-8', answer: '3' },
      { name: '2', stdin: '5 6', stdinEncoding: 'utf-8', answer: '11', secret: true },
    ],
    checker: {
      type: 'program',
      protocol: 'testlib',
      language: 'cpp',
      entrypoint: 'check.cpp',
      files: [
        { path: 'check.cpp', content: SOURCES['files/check.cpp'] },
        { path: 'testlib.h', content: '// testlib' },
      ],
    },
    stopOnFailure: true,
    limits: { cpuMs: 1500, wallMs: 4000, memoryBytes: 268435456 },
  })
})

test.each([
  ['std::wcmp.cpp', { type: 'tokens' }],
  ['std::yesno.cpp', { type: 'tokens', ignoreCase: true }],
  ['std::rcmp6.cpp', { type: 'numbers', absolute: 1e-6, relative: 1e-6 }],
])('the standard checker %s needs no program', (name, checker) => {
  expect(read(of({ assets: `<checker name="${name}"/>` })).problem?.checker).toEqual(checker)
})

test('groups have points, policies and dependencies', () => {
  const set = `
    <tests>
      <test group="0" points="0.0" sample="true"/><test group="1" points="30.0"/>
    </tests>
    <groups>
      <group name="0" points-policy="each-test" points="0.0"/>
      <group name="1" points-policy="complete-group" points="30.0"><dependencies><dependency group="0"/></dependencies></group>
      <group name="unused" points-policy="each-test"/>
    </groups>`
  expect(read(of({ set })).problem).toMatchObject({
    tests: [
      { group: '0', points: 0 },
      { group: '1', points: 30 },
    ],
    groups: [
      { name: '0', points: 0 },
      { name: '1', points: 30, scoring: 'min', requires: ['0'] },
    ],
  })
})

test('points of groups alone are those of their tests in equal parts', () => {
  const set = `<tests><test group="a"/><test group="a"/></tests><groups><group name="a" points="30"/></groups>`
  const { problem } = read(of({ set }))
  expect(problem?.groups).toEqual([{ name: 'a', points: 30 }])
  expect(problem?.tests?.map(({ group, points }) => [group, points])).toEqual([
    ['a', undefined],
    ['a', undefined],
  ])
})

test('solutions in languages that are not installed are left out, and named', () => {
  const solution = (tag: string, path: string) => `<solution tag="${tag}"><source path="${path}"/></solution>`
  const validators = '<validators><validator><source path="files/val.dpr"/></validator></validators>'
  const assets = `${CHECKER}${validators}<solutions>${solution('main', 's/a.cpp')}${solution('rejected', 's/b.dpr')}</solutions>`
  expect(read(of({ assets }, { 's/a.cpp': 'a', 's/b.dpr': 'b', 'files/val.dpr': 'v' }))).toMatchObject({
    examples: [{ name: 's/a.cpp' }],
    validators: [],
    leftOut: ['s/b.dpr', 'files/val.dpr'],
  })
})

test('an interactor judges with the checker, and solutions come with what they claim', () => {
  const assets = `
    ${CHECKER}<interactor><source path="files/talk.cpp"/></interactor>
    <solutions>
      <solution tag="main"><source path="solutions/a.cpp"/></solution>
      <solution tag="time-limit-exceeded-or-accepted"><source path="solutions/slow.py"/></solution>
      <solution tag="do-not-run"><source path="solutions/never.py"/></solution>
    </solutions>`
  const files = { 'files/talk.cpp': 'int main() {}', 'solutions/a.cpp': 'a', 'solutions/slow.py': 's' }
  const found = read(of({ assets }, files))
  expect(found.problem).toMatchObject({
    interactor: { protocol: 'testlib', entrypoint: 'talk.cpp' },
    checker: { type: 'program' },
  })
  expect(found).toMatchObject({
    examples: [
      { name: 'solutions/a.cpp', language: 'cpp', entrypoint: 'a.cpp', expected: ['accepted'] },
      { name: 'solutions/slow.py', language: 'python', expected: ['time-limit', 'accepted'] },
    ],
  })
})

test('files for solutions are grader files of their language', () => {
  const solution = '<assets><asset name="SOLUTION"/></assets>'
  const resources = `
    <file for-types="cpp.*" path="files/grader.cpp">${solution}</file>
    <file for-types="cpp.*" path="files/sum.h">${solution}</file>`
  const files = { 'files/grader.cpp': 'g', 'files/sum.h': 'h' }
  expect(read(of({ resources }, files)).problem?.harness).toEqual([
    {
      language: 'cpp',
      files: [
        { path: 'grader.cpp', content: 'g' },
        { path: 'sum.h', content: 'h' },
      ],
    },
  ])
})

test.each<[string, Record<string, string>, RegExp]>([
  [
    'tests that were not made',
    { 'problem.xml': xml({ set: '<test-count>3</test-count>' }), ...DATA, ...SOURCES },
    /^tests\/03: is missing: only a full package/,
  ],
  [
    'no answer',
    { ...of({}), 'tests/03': '', 'problem.xml': xml({ set: '<test-count>3</test-count>' }) },
    /^tests\/03\.a: is missing, the answer/,
  ],
  ['files instead of standard input', of({ judging: 'input-file="sum.in"' }), /input-file is "sum.in"/],
  ['no checker', of({ assets: '' }), /has no <checker>/],
  [
    'a checker that is not there',
    of({ assets: '<checker><source path="files/gone.cpp"/></checker>' }),
    /the checker is files\/gone\.cpp, which is not there/,
  ],
  [
    'no testlib.h',
    { 'problem.xml': xml(), ...DATA, 'files/check.cpp': SOURCES['files/check.cpp'] },
    /^files\/check\.cpp: includes testlib\.h/,
  ],
  [
    'an unknown policy',
    of({
      set: '<tests><test group="a" points="1"/><test/></tests><groups><group name="a" points-policy="odd"/></groups>',
    }),
    /points-policy "odd"/,
  ],
  [
    'a tag that is none',
    of(
      { assets: `${CHECKER}<solutions><solution tag="constructor"><source path="a.cpp"/></solution></solutions>` },
      { 'a.cpp': 'a' },
    ),
    /has the tag "constructor"/,
  ],
  ['a standard checker that is none', of({ assets: '<checker name="constructor"/>' }), /the <checker> has no <source>/],
  ['broken XML', { 'problem.xml': '<problem>\n<judging>\n</problem>' }, /^problem\.xml: line 3: closes <problem>/],
])('%s is told', (_, files, expected) => {
  expect(faultsOf(files).join('\n')).toMatch(expected)
})

test.each<[string, Record<string, string>, RegExp]>([
  [
    'tests',
    of({ set: '<test-count>1000000000</test-count>' }),
    /^problem\.xml: has 1000000000 tests; 250 are allowed$/,
  ],
  [
    'groups',
    of({ set: `<tests><test points="1"/></tests><groups>${'<group name="a"/>'.repeat(101)}</groups>` }),
    /^problem\.xml: has 101 groups; 100 are allowed$/,
  ],
  ['text', { ...of({}), 'problem.xml': ' '.repeat(1024 * 1024 + 1) }, /^problem\.xml: has 1048577 bytes; 1048576/],
  ...['%0500000000d', 'tests/all', '%d%d'].map((pattern): [string, Record<string, string>, RegExp] => [
    `of a number in ${pattern}`,
    { ...of({}), 'problem.xml': xml().replaceAll('tests/%02d', pattern) },
    /^problem\.xml: has the path pattern "[^"]+"; one number is allowed/,
  ]),
])('too much or too little %s is told in one fault', (_, files, expected) => {
  expect(faultsOf(files)).toEqual([expect.stringMatching(expected)])
})

test('a file that is named twice is taken once', () => {
  const asset = '<assets><asset name="SOLUTION"/></assets>'
  const twice = {
    resources: `<file path="files/sum.cpp">${asset}</file>`.repeat(2),
    assets: `${CHECKER}<solutions>${'<solution tag="main"><source path="a.cpp"/></solution>'.repeat(2)}</solutions>`,
  }
  const found = read(of(twice, { 'files/sum.cpp': '', 'a.cpp': 'a' }))
  expect(found.problem?.harness?.[0]?.files).toHaveLength(1)
  expect(found).toMatchObject({ examples: [{ name: 'a.cpp' }] })
})

test('XML is read as it is written', () => {
  const root = parseXml(
    '<?xml version="1.0"?><!-- c --><a x="1 &amp; 2" y=\'"\'>t&#65;<b/><![CDATA[<raw>]]><b z="&lt;"></b></a>\n',
  )
  expect(root).toMatchObject({ name: 'a', attributes: { x: '1 & 2', y: '"' }, text: 'tA<raw>' })
  expect(elementsAt(root, 'b').map(({ attributes }) => attributes['z'])).toEqual([undefined, '<'])
})

test.each([
  '',
  'words',
  '<a>',
  '<a></b>',
  '<a/><b/>',
  '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
  '<a>&x;</a>',
  '<a>&constructor;</a>',
  '<a b=c/>',
  '<a>\n<',
])('%j is no XML that is read', (source) => expect(() => parseXml(source)).toThrow(XmlFault))

test.each([
  ['points="-5"', '', '/tests/0/points must be >= 0'],
  ['points="1e400"', '', '/tests/0/points must be number'],
  ['points="1e300"', '', '/tests/0/points must be <= 1000000'],
  ['points="ten"', '', '/tests/0/points must be number'],
  ['points="1" group="a"', '<groups><group name="a" points="ten"/></groups>', '/groups/0/points must be number'],
  ['points="1" group="a"', '<groups><group name="a" points="-7"/></groups>', '/groups/0/points must be >= 0'],
])('points that no program can get are refused: %s %s', (attributes, groups, fault) => {
  const set = `<tests><test ${attributes}/><test points="1"/></tests>${groups}`
  expect(faultsOf(of({ set }))).toEqual([`problem.xml: ${fault}`])
})

test.each(['-5', '0', 'NaN', '1e400', 'two'])('a time limit of %s is refused rather than left out', (limit) => {
  const files = of({})
  files['problem.xml'] = files['problem.xml'].replace('<time-limit>1500<', `<time-limit>${limit}<`)
  expect(faultsOf(files)).toEqual([`problem.xml: time-limit is "${limit}"; it must be a number above 0`])
})
