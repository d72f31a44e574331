import type { FieldError } from '../problems.ts'
import type { CodeRequest } from '../requests.ts'
import { pointsOfGroup, pointsOfTest } from './group-points.ts'

/** Fields of a request that mean nothing without tests. */
export const OF_TESTS = [
  'checker',
  'interactor',
  'groups',
  'stopOnFailure',
  'secret',
  'languages',
  'languageLimits',
  'harness',
  'passes',
  'outputOnly',
] as const
/** Fields of a checker that is a program. */
const OF_PROGRAM = ['protocol', 'language', 'code', 'files', 'entrypoint', 'args', 'compilerArgs', 'limits'] as const

/** What is wrong with how the tests of a request are to be judged, beside the programs that judge them. */
export function checkJudging(request: CodeRequest): FieldError[] {
  if (request.tests === undefined) {
    return OF_TESTS.filter((name) => request[name] !== undefined).map((name) => ({
      pointer: `/${name}`,
      detail: 'needs /tests',
    }))
  }
  return [
    ...checkChecker(request),
    ...checkPasses(request),
    ...checkTests(request),
    ...checkGroups(request),
    ...checkSecrets(request),
  ]
}

function checkChecker({ checker, interactor }: CodeRequest): FieldError[] {
  if (!checker) return []
  const errors: FieldError[] = []
  const refuse = (name: string, detail: string) => errors.push({ pointer: `/checker${name}`, detail })
  const isProgram = checker.type === 'program'
  if (interactor && !isProgram) refuse('', 'cannot be used with /interactor, whose verdict counts')
  else if (interactor && interactor.protocol !== 'testlib')
    refuse('', 'can be used with /interactor only if that writes an output file: its /protocol must be "testlib"')
  for (const name of OF_PROGRAM) {
    if (!isProgram && checker[name] !== undefined) refuse(`/${name}`, 'needs /checker/type to be "program"')
  }
  if (isProgram && checker.language === undefined) refuse('/language', 'is missing')
  if (checker.ignoreCase !== undefined && (isProgram || checker.type === 'exact')) {
    refuse('/ignoreCase', `cannot be used with the type "${checker.type}"`)
  }
  for (const name of ['absolute', 'relative'] as const) {
    if (checker.type !== 'numbers' && checker[name] !== undefined)
      refuse(`/${name}`, 'needs /checker/type to be "numbers"')
  }
  return errors
}

function checkPasses({ passes = 1, checker, interactor, outputOnly }: CodeRequest): FieldError[] {
  const errors: FieldError[] = []
  const judge = interactor ?? (checker?.type === 'program' ? checker : undefined)
  if (passes > 1 && (judge?.protocol ?? 'kattis') !== 'kattis')
    errors.push({ pointer: '/passes', detail: 'needs a judge of the /protocol "kattis", which asks for the next pass' })
  else if (passes > 1 && !judge)
    errors.push({
      pointer: '/passes',
      detail: 'needs an /interactor, or a /checker that is a program, to ask for them',
    })
  if (outputOnly && interactor) errors.push({ pointer: '/outputOnly', detail: 'cannot be used with /interactor' })
  if (outputOnly && passes > 1) errors.push({ pointer: '/outputOnly', detail: 'cannot be used with /passes' })
  return errors
}

function checkTests({ tests = [], groups = [], checker, interactor }: CodeRequest): FieldError[] {
  const names = new Set(groups.map(({ name }) => name))
  const known = groups.length === 0 ? 'there are no /groups' : `groups: ${[...names].join(', ')}`
  const compares = !interactor && checker !== undefined && checker.type !== 'program'
  return tests.flatMap(({ group, answer, expectedOutput }, index) => {
    const place = `/tests/${index}`
    const errors: FieldError[] = []
    if (group !== undefined && !names.has(group)) {
      errors.push({ pointer: `${place}/group`, detail: `is "${group}", which is not the name of a group; ${known}` })
    }
    if (answer !== undefined && expectedOutput !== undefined) {
      errors.push({
        pointer: `${place}/answer`,
        detail: `cannot be used with ${place}/expectedOutput, which is the same`,
      })
    }
    if (compares && answer === undefined && expectedOutput === undefined) {
      errors.push({ pointer: `${place}/answer`, detail: 'is missing; the checker compares with it' })
    }
    return errors
  })
}

function checkGroups({ groups = [], tests = [], problem }: CodeRequest): FieldError[] {
  const names = groups.map(({ name }) => name)
  const errors = groups.flatMap(({ name, within, requires = [] }, index) => {
    const place = `/groups/${index}`
    const found: FieldError[] = []
    if (names.indexOf(name) < index)
      found.push({ pointer: `${place}/name`, detail: 'is also the name of another group' })
    if (!tests.some(({ group }) => group === name) && !groups.some((one) => one.within === name)) {
      found.push({ pointer: `${place}/name`, detail: `is "${name}"; no test has it as its group` })
    }
    if (within !== undefined && !names.includes(within)) {
      const detail = `is "${within}", which is not the name of a group; groups: ${names.join(', ')}`
      found.push({ pointer: `${place}/within`, detail })
    }
    for (const [at, required] of requires.entries()) {
      if (!names.includes(required)) {
        const detail = `is "${required}", which is not the name of a group; groups: ${names.join(', ')}`
        found.push({ pointer: `${place}/requires/${at}`, detail })
      }
    }
    return found
  })
  if (errors.length > 0) return errors
  const outer = circleIn(groups.map(({ name, within }) => ({ name, requires: within === undefined ? [] : [within] })))
  if (outer) {
    const pointer = `/groups/${names.indexOf(outer[0] ?? '')}/within`
    return [{ pointer, detail: `is circular: ${[...outer, outer[0]].join(' is within ')}` }]
  }
  const circle = circleIn(waitingFor(groups))
  // Those of a stored problem were checked when it was stored, maybe by an older version: whoever sends a submission cannot mend them.
  if (!circle) return problem === undefined ? checkPoints(groups, tests) : []
  const pointer = `/groups/${names.indexOf(circle[0] ?? '')}/requires`
  return [{ pointer, detail: `is circular: ${[...circle, circle[0]].join(' requires ')}` }]
}

/** Points that no program can get, and those that only wrong ones can. @param groups none within itself */
function checkPoints(
  groups: NonNullable<CodeRequest['groups']>,
  tests: NonNullable<CodeRequest['tests']>,
): FieldError[] {
  return groups.flatMap(({ name, points = 0, scoring = 'sum', rejectedPoints = 0 }, index) => {
    const errors: FieldError[] = []
    const isOfParts = scoring === 'sum' || groups.some(({ within }) => within === name)
    if (points > 0 && isOfParts && pointsOfGroup({ name, scoring }, groups, tests) === 0) {
      const detail = `is ${points}, but what is in the group gives 0 points: no program can get them`
      errors.push({ pointer: `/groups/${index}/points`, detail })
    }
    const lower = tests.findIndex((test) => test.group === name && pointsOfTest(test) < rejectedPoints)
    if (lower >= 0) {
      const detail = `is ${rejectedPoints}, more than /tests/${lower} gives when it is accepted`
      errors.push({ pointer: `/groups/${index}/rejectedPoints`, detail })
    }
    return errors
  })
}

/** Each group with those it waits for: those that it and the groups around it require, and what is within these. @param groups none within itself */
function waitingFor(groups: NonNullable<CodeRequest['groups']>): { name: string; requires: string[] }[] {
  const byName = new Map(groups.map((group) => [group.name, group]))
  const around = (name: string | undefined): typeof groups => {
    const group = byName.get(name ?? '')
    return group ? [group, ...around(group.within)] : []
  }
  const arounds = groups.map(({ name }) => ({ name, around: around(name) }))
  return arounds.map(({ name, around: own }) => {
    const required = new Set(own.flatMap(({ requires = [] }) => requires))
    const found = arounds.filter((one) => one.around.some((outer) => required.has(outer.name)))
    return { name, requires: found.map((one) => one.name) }
  })
}

/** Names of groups that require each other in a circle, in that order; undefined when none do. */
export function circleIn(groups: readonly { name: string; requires?: string[] }[]): string[] | undefined {
  const needs = new Map(groups.map(({ name, requires = [] }) => [name, requires]))
  const done = new Set<string>()
  const path: string[] = []
  const visit = (name: string): string[] | undefined => {
    if (path.includes(name)) return path.slice(path.indexOf(name))
    if (done.has(name)) return undefined
    path.push(name)
    for (const next of needs.get(name) ?? []) {
      const circle = visit(next)
      if (circle) return circle
    }
    path.pop()
    done.add(name)
    return undefined
  }
  for (const { name } of groups) {
    const circle = visit(name)
    if (circle) return circle
  }
  return undefined
}

/** A program can put what it reads where these would show it. A request that names its problem shows none of its tests. */
function checkSecrets({ tests = [], secret, artifacts, keepRequest, problem }: CodeRequest): FieldError[] {
  if (!tests.some((test) => test.secret ?? secret)) return []
  const refuse = (pointer: string) => ({ pointer, detail: 'cannot be used with secret tests, which it would show' })
  return [
    ...(artifacts ? [refuse('/artifacts')] : []),
    ...(keepRequest === true && problem === undefined ? [refuse('/keepRequest')] : []),
  ]
}
