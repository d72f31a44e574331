import { expect, test } from '@jest/globals'
import { createStageOutput } from '../../src/worker/jobs/stage-output.ts'
import { loadLanguages } from '../../src/shared/language.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { createPopularNames, distance, nearNames } from '../../src/worker/environments/near-names.ts'
import { missingPackage } from '../../src/worker/jobs/missing-package.ts'

const root = packageRoot()
const languages = loadLanguages(`${root}/languages`)
const own = (id: string) => {
  const found = languages.find((language) => language.id === id)
  if (!found) throw new Error(`no language ${id}`)
  return found
}

function hint(
  id: string,
  said: string,
  status: 'failed' | 'compile-failed' | 'succeeded' = 'failed',
  canInstall = true,
) {
  const output = createStageOutput()
  output.push(status === 'compile-failed' ? 'stdout' : 'stderr', Buffer.from(said))
  output.end(false)
  return missingPackage(own(id), canInstall, [{ name: 'run', status }], [output.captured()])
}

test.each([
  ['python', "ModuleNotFoundError: No module named 'cv2'\n", '"opencv-python-headless"'],
  ['python', "ModuleNotFoundError: No module named 'pandas.core'\n", 'if it is a package, add "pandas"'],
  ['javascript', "Error: Cannot find module 'lodash/fp'\nRequire stack:\n- /job/main.js\n", 'add "lodash"'],
  ['javascript', "Error [ERR_MODULE_NOT_FOUND]: Cannot find package '@a/b' imported from /job/main.js\n", 'add "@a/b"'],
  ['ruby', "in 'require': cannot load such file -- active_support/all (LoadError)\n", 'add "activesupport"'],
  ['ruby', "in 'require': cannot load such file -- sinatra (LoadError)\n", 'if it is a package, add "sinatra"'],
  [
    'ruby',
    "in 'require': cannot load such file -- rack/utils (LoadError)\n",
    '"rack/utils" is not installed; to have it installed, add the package that has it to "dependencies"',
  ],
  [
    'ruby',
    "in 'require': cannot load such file -- rack/session/pool (LoadError)\n",
    '"rack/session/pool" is not installed; to have it installed, add "rack-session"',
  ],
  ['ruby', "in 'require': cannot load such file -- google/protobuf (LoadError)\n", 'add "google-protobuf"'],
])('%s: "%s" says what to add', (id, said, expected) => {
  expect(hint(id, said)).toContain(expected)
})

test.each([
  [
    'go',
    'main.go:5:2: no required module provides package github.com/a/b-c/d: go.mod file not found in current directory\n',
    'add "github.com/a/b-c/d"',
  ],
  [
    'go',
    'main.go:5:2: no required module provides package gopkg.in/yaml.v3; to add it:\n\tgo get gopkg.in/yaml.v3\n',
    'add "gopkg.in/yaml.v3"',
  ],
  [
    'java',
    'Main.java:1: error: package com.google.gson.reflect does not exist\nimport com.google.gson.reflect.TypeToken;\n',
    'add "com.google.code.gson:gson"',
  ],
  [
    'java-21',
    'Main.java:1: error: package org.nobody.knows does not exist\nimport org.nobody.knows.It;\n',
    '"org.nobody.knows" is not installed; to have it installed, add the package that has it',
  ],
  [
    'java-21',
    'Main.java:1: error: package org.json does not exist\nimport org.json.JSONObject;\n',
    'add "org.json:json"',
  ],
  ['rust', 'error[E0432]: unresolved import `num_bigint`\n', 'add "num-bigint"'],
])('%s: its compiler says "%s", and what to add', (id, said, expected) => {
  expect(hint(id, said, 'compile-failed')).toContain(expected)
})

test('where no packages can be installed, nobody is told to add one', () => {
  const said = hint('python', "ModuleNotFoundError: No module named 'cv2'\n", 'failed', false)
  expect(said).toBe('"cv2" is not installed, and this server installs no packages for this language')
})

test('the types of a package for TypeScript are told by its compiler', () => {
  const said =
    "main.ts(1,15): error TS7016: Could not find a declaration file for module 'lodash'. '/x' implicitly has an 'any' type.\n"
  expect(hint('typescript', said, 'compile-failed')).toContain('add "@types/lodash"')
  expect(
    hint(
      'typescript',
      "error TS2307: Cannot find module 'lodash' or its corresponding type declarations.\n",
      'compile-failed',
    ),
  ).toContain('add "lodash"')
})

test.each([
  ['javascript', "Error: Cannot find module './own'\n", 'failed'],
  ['java', 'Main.java:3: error: package system does not exist\n    system.out.println(1);\n', 'compile-failed'],
  [
    'python',
    "Fatal Python error: Failed to import encodings module\nModuleNotFoundError: No module named 'encodings'\n",
    'failed',
  ],
  ['javascript', "Error: Cannot find module '/job/own.js'\n", 'failed'],
  ['python', "ImportError: cannot import name 'x' from 'y'\n", 'failed'],
  ['python', "ModuleNotFoundError: No module named 'cv2'\n", 'succeeded'],
  ['bash', "ModuleNotFoundError: No module named 'cv2'\n", 'failed'],
] as const)('%s: "%s" says nothing when it %s', (id, said, status) => {
  expect(hint(id, said, status)).toBeNull()
})

test('names that may have been meant are the nearest of those that exist', () => {
  const python = createPopularNames(root)({ id: 'python' })
  const { names = {} } = own('python').missingPackage ?? {}
  expect(nearNames('cv2', python, names)[0]).toBe('opencv-python-headless')
  expect(nearNames('pandsas', python, names)).toContain('pandas')
  expect(nearNames('opencv', python, names)).toContain('opencv-python-headless')
  expect(nearNames('qqqqqqqqqq', python, names)).toEqual([])
})

test.each([
  ['numpy', 'numpy', 0],
  ['numpy', 'nunpy', 1],
  ['pandas', 'padnas', 1],
  ['abc', '', 3],
  ['kitten', 'sitting', 3],
])('%s and %s are %d apart', (a, b, expected) => {
  expect(distance(a, b)).toBe(expected)
})
