import type { ProblemCode } from '../../shared/problems.ts'

/** What an error of the system means for who asked for it, with words that follow its name. Numbers of Linux, where a machine of another kind would have others. */
export const SYSTEM_ERRORS: Readonly<Record<number, [ProblemCode, string]>> = {
  1: ['file-conflict', 'is not permitted'],
  2: ['not-found', 'does not exist'],
  7: ['file-conflict', 'has too many or too long arguments'],
  11: ['session-busy', 'cannot be started: the session has as many processes as it may'],
  12: ['session-busy', 'needs more memory than the session has'],
  13: ['file-conflict', 'is not permitted'],
  17: ['file-conflict', 'exists already'],
  18: ['file-conflict', 'is on another file system'],
  20: ['file-conflict', 'has a part that is no folder'],
  21: ['file-conflict', 'is a folder'],
  22: ['file-conflict', 'is no regular file'],
  24: ['session-busy', 'needs more open files than the session may have'],
  26: ['file-conflict', 'is a program that runs'],
  27: ['file-conflict', 'would be larger than a file of the session may be'],
  28: ['file-conflict', 'has no room: the file system of the session is full'],
  30: ['file-conflict', 'is on a file system that is read-only'],
  36: ['file-conflict', 'is too long'],
  39: ['file-conflict', 'is a folder that is not empty; `recursive` removes it'],
  40: ['file-conflict', 'has too many links on its way'],
}
