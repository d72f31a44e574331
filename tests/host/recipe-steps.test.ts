import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { recipeSteps, sharedRun, withFetchedArgument } from '../../src/host/images/recipe-steps.ts'
import { loadLanguages } from '../../src/shared/language.ts'
import { packageRoot } from '../../src/shared/package-root.ts'

const RECIPE = [
  '# What it is made of.',
  'ARG BASE',
  'FROM ${BASE}',
  '',
  '# A virtual machine; not from /fetched.',
  'RUN mkdir -p /usr/share/man/man1 \\',
  '    # In two lines.',
  '    && apt-get install --yes openjdk-25-jdk-headless',
  '# A compiler.',
  'RUN mkdir /opt/compiler \\',
  '    && tar -xzf /fetched/compiler-*.tgz -C /opt/compiler',
  'COPY kotlin/kotlin-run /usr/local/bin/',
  '',
].join('\n')

test('the steps of a recipe are its instructions, with what stands before each', () => {
  const steps = recipeSteps(RECIPE)
  expect(steps.map((step) => step.split('\n').length)).toEqual([2, 1, 5, 3, 1, 1])
  expect(steps.join('\n')).toBe(RECIPE)
})

test('only from the step on that uses fetched files layers are kept by what was fetched', () => {
  const lines = withFetchedArgument(RECIPE).split('\n')
  expect(lines.indexOf('ARG FETCHED')).toBe(RECIPE.split('\n').indexOf('# A compiler.'))
  expect(lines.filter((line) => line !== 'ARG FETCHED').join('\n')).toBe(RECIPE)
})

test('a recipe that uses no fetched files cannot have any', () => {
  expect(() => withFetchedArgument('ARG BASE\nFROM ${BASE}\nRUN true\n')).toThrow('uses /fetched')
})

test('a step that uses fetched files is no shared one', () => {
  expect(sharedRun(RECIPE)).toContain('openjdk-25-jdk-headless')
  expect(sharedRun('FROM ${BASE}\nRUN unzip /fetched/*.whl\nRUN true\n')).toBeUndefined()
})

test('languages on Java 21 share its layer', () => {
  const ids = ['clojure', 'groovy', 'java-21', 'kotlin', 'scala']
  const runs = ids.map((id) => sharedRun(readFileSync(join(packageRoot(), 'languages', id, 'Containerfile'), 'utf8')))
  expect(new Set(runs).size).toBe(1)
  expect(runs[0]).toContain('openjdk-21-jre-headless')
})

test('every recipe of a language with fetched files has a step that uses them', () => {
  const folder = join(packageRoot(), 'languages')
  const text = (id: string, file: string) => readFileSync(join(folder, id, file), 'utf8')
  for (const { id, fetch, kernel, environments } of loadLanguages(folder)) {
    const files = [
      ...(fetch ? ['Containerfile'] : []),
      ...(kernel?.fetch ? ['kernel/Containerfile'] : []),
      ...(environments?.fetch ? ['installer/Containerfile'] : []),
    ]
    for (const file of files) expect(withFetchedArgument(text(id, file))).toContain('ARG FETCHED')
  }
})
