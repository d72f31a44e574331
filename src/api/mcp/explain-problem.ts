import type { Problem, ProblemCode } from '../../shared/problems.ts'

const NEW_SESSION = 'Its files and variables are gone; start a new one with create_session.'
/** What a model can do about it. */
const HINTS: Partial<Record<ProblemCode, string>> = {
  'session-ended': NEW_SESSION,
  'session-lost': NEW_SESSION,
  'too-many-sessions': 'list_sessions names them, close_session ends one.',
  'no-kernel': 'This session has no interpreter: use run_command and files, or run_code.',
  'context-dead': 'Its variables are gone; start a new session with create_session.',
  'language-not-installed': 'list_languages names the languages that can be used.',
  'unknown-language': 'list_languages names the languages that can be used.',
}

/** A problem in words for a model: what is wrong, where, and what to do. */
export function explainProblem({ code, message, errors, headers }: Problem): string {
  const places = (errors ?? []).map(
    ({ pointer, detail }) => `- ${pointer.slice(1).replaceAll('/', '.') || 'arguments'}: ${detail}`,
  )
  const wait = headers['Retry-After']
  return [
    code === 'invalid-request' && places.length > 0 ? 'The arguments are not valid:' : message,
    ...places,
    ...(wait === undefined ? [] : [`Try again in ${wait} s.`]),
    ...(HINTS[code] === undefined ? [] : [HINTS[code]]),
  ].join('\n')
}
