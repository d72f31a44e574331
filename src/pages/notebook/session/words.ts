import type { Execution, Session } from '../../../client/api-types.ts'

const ENDS: Record<NonNullable<Session['reason']>, string> = {
  deleted: 'It was ended.',
  idle: 'Nothing happened in it for too long.',
  lifetime: 'It reached its maximum lifetime.',
  'cpu-time-limit': 'Its programs used all the CPU time that a session has.',
  'agent-lost': 'A program, or a lack of memory, ended the process that runs it.',
  'start-failed':
    'Its snapshot could not be unpacked, one of its files could not be written, or its kernel could not be started.',
  'no-room': 'No worker had room for it in time.',
  'session-lost': 'Its worker stopped.',
}

/** Why a session ended. */
export function wordsOfEnd({ reason, message }: Pick<Session, 'reason' | 'message'>): string {
  const words = reason === null ? '' : ENDS[reason]
  return [words, message === null ? '' : sentence(message)].filter(Boolean).join(' ')
}

const STATUSES: Partial<Record<NonNullable<Execution['status']>, string>> = {
  interrupted: 'Interrupted.',
  'wall-time-limit': 'Stopped: the time limit was reached.',
  'cpu-time-limit': 'Stopped: the limit of CPU time was reached.',
  'context-lost': 'The interpreter ended, and its variables are lost. It starts again with the next run.',
  cancelled: 'Cancelled before it ran to its end.',
  'session-lost': 'The session ended while it ran.',
}

/** How code ended, where its outputs do not say it. */
export function wordsOfStatus(status: Execution['status'], message: string | null): string {
  const words = status === null ? undefined : STATUSES[status]
  if (words === undefined) return ''
  return message === null || status === 'interrupted' ? words : `${words} ${sentence(message)}`
}

const sentence = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`
