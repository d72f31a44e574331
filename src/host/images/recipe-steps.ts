/** Where the files of package indexes are while an image is built. */
export const FETCHED = '/fetched'

/** A comment, or nothing: it neither is an instruction nor ends one. */
const IS_NONE = /^\s*(?:#|$)/

/** The instructions of a Containerfile, each with the comments and empty lines before it. */
export function recipeSteps(recipe: string): string[] {
  const steps: string[] = []
  let step: string[] = []
  for (const line of recipe.split('\n')) {
    step.push(line)
    if (IS_NONE.test(line) || /\\\s*$/.test(line)) continue
    steps.push(step.join('\n'))
    step = []
  }
  return step.length === 0 ? steps : [...steps, step.join('\n')]
}

/**
 * The Containerfile with a build argument of what is fetched before the first step that uses it. Podman keeps layers by the instructions
 * and the arguments before them: steps before it are shared by all languages that begin so.
 * @throws Error when no step uses fetched files
 */
export function withFetchedArgument(recipe: string): string {
  const steps = recipeSteps(recipe)
  const first = steps.findIndex((step) => instructionOf(step).includes(FETCHED))
  if (first === -1) throw new Error(`no step of the Containerfile uses ${FETCHED}`)
  return steps.toSpliced(first, 0, 'ARG FETCHED').join('\n')
}

/** The first step that runs a program: images of which it is the same share its layer. @returns undefined where it uses fetched files */
export function sharedRun(recipe: string): string | undefined {
  const run = recipeSteps(recipe)
    .map(instructionOf)
    .find((step) => step.startsWith('RUN '))
  return run?.includes(FETCHED) ? undefined : run
}

function instructionOf(step: string): string {
  return step
    .split('\n')
    .filter((line) => !IS_NONE.test(line))
    .join('\n')
}
