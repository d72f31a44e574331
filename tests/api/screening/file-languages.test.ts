import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { fileLanguages } from '../../../src/api/screening/file-languages.ts'
import { loadRules } from '../../../src/api/screening/load-rules.ts'
import { createScreening } from '../../../src/api/screening/screening.ts'
import { subjectOf } from '../../../src/api/screening/subject.ts'
import { loadLanguages } from '../../../src/shared/language.ts'
import { packageRoot } from '../../../src/shared/package-root.ts'

const root = packageRoot()
const languages = loadLanguages(join(root, 'languages'))
const languageOfFile = fileLanguages(languages)

test.each([
  ['bash', ['.sh', '.bash']],
  ['c', ['.c', '.h']],
  ['cpp', ['.cc', '.cpp', '.cxx', '.hh', '.hpp']],
  ['go', ['.go']],
  ['javascript', ['.js', '.cjs', '.mjs']],
  ['python', ['.py']],
  ['ruby', ['.rb']],
  ['rust', ['.rs']],
  ['typescript', ['.ts', '.cts', '.mts']],
])('files of %s are %j', (language, extensions) => {
  for (const extension of extensions) {
    expect([languageOfFile(`lib/a${extension}`), languageOfFile(`A${extension.toUpperCase()}`)]).toEqual([
      language,
      language,
    ])
  }
})

test('a file of a language without rules, and one without extension, is of the language of its job', () => {
  expect(['main.pl', 'Main.java', 'data', '.c', 'notes.txt', ''].map(languageOfFile)).toEqual(Array(6).fill(undefined))
})

test.each([
  ['run.sh', 'rm -rf /'],
  ['lib/all.hpp', 'int x = system("id");'],
  ['part.mts', 'require("child_process").exec("id")'],
])('%s in a job of Perl is screened as what it is', (path, content) => {
  const screening = createScreening(loadRules(root), languages)
  const screen = (name: string) =>
    screening.screen(subjectOf({ language: 'perl', files: [{ path: name, content }] }), 'strict')
  expect(screening.isBlocked(screen(path))).toBe(true)
})
