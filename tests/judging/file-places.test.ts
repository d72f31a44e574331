import { expect, test } from '@jest/globals'
import { pointerTo } from '../../src/shared/json-pointer.ts'
import { placesIn } from '../../src/shared/judging/file-places.ts'

const at = (source: string, pointer: string) => {
  const place = placesIn(source)(pointer)
  return place && `${place.line}:${place.column}`
}

const JSON_FILE = `{
  "limits": { "wallMs": 2000,
\t"cpuMs" : -1 },
  "groups": [{"name": "a"}, {"name": "b",
    "points": []}],
  "tests": {
    "large/7": { "points": "x\\u0041\\"}" },
    "~": null, "__proto__": 1, "a: b # c": 2
  }
}`

test.each([
  ['/limits', '2:13'],
  ['/limits/wallMs', '2:25'],
  ['/limits/cpuMs', '3:12'],
  ['/groups/1', '4:29'],
  ['/groups/1/points', '5:15'],
  ['/groups/0/name', '4:23'],
  ['/tests/large~17/points', '7:28'],
  ['/tests/~0', '8:10'],
  ['/tests/__proto__', '8:29'],
  [pointerTo('tests', 'a: b # c'), '8:44'],
  // What is missing is missing there.
  ['/limits/memoryBytes', '2:13'],
  ['/groups/7', '4:13'],
  ['/checker', undefined],
  ['/checker/type', undefined],
  ['', undefined],
])('in JSON %s is at %s', (pointer, place) => expect(at(JSON_FILE, pointer)).toBe(place))

const YAML_FILE = `# a package
name: x
type:   scoring
limits:
  time_limit: much
  memory:
  output: 8
keywords: [a, b]
credits:
  - one
  - name: two
`

test.each([
  ['/name', '2:7'],
  ['/type', '3:9'],
  ['/limits/time_limit', '5:15'],
  ['/limits/output', '7:11'],
  ['/keywords/1', '8:15'],
  ['/credits/1/name', '11:11'],
  ['/limits', '4:1'],
])('in YAML %s is at %s', (pointer, place) => expect(at(YAML_FILE, pointer)).toBe(place))

test.each([
  ['nothing', ''],
  ['a broken file', '{"a": 1'],
  ['another value', '7'],
  ['aliases', 'b: &b [1]\na: *b'],
  ['what is nested without end', `{"a": ${'['.repeat(1e5)}`],
  ['a long file', `{"a": "${'x'.repeat(300 * 1024)}"}`],
])('of %s there are no places', (_what, source) => expect(at(source, '/a')).toBeUndefined())
