/**
 * The names of the protocol between a worker and the agent of a session: `sandbox/agent-protocol.h` has the same, and
 * `docs/sessions.md` says what they mean.
 */

/** Types of frames, as their byte values. */
export const AGENT = {
  START: 0x53,
  INPUT: 0x49,
  INPUT_END: 0x45,
  ACK: 0x41,
  RESIZE: 0x54,
  SIGNAL: 0x4b,
  READ: 0x52,
  WRITE: 0x57,
  LIST: 0x4c,
  STAT: 0x59,
  MOVE: 0x4d,
  REMOVE: 0x58,
  FOLDER: 0x44,
  WATCH: 0x4e,
  UNWATCH: 0x55,
  NOTED: 0x56,
  READY: 0x72,
  STARTED: 0x73,
  STDOUT: 0x6f,
  STDERR: 0x65,
  TAKEN: 0x61,
  EXIT: 0x78,
  DONE: 0x7a,
  FAILED: 0x66,
  CHANGES: 0x63,
  FAULT: 0x46,
} as const

/** Fields of `START`. */
export const AGENT_FIELD = {
  ARGUMENT: 'a',
  ENVIRONMENT: 'e',
  FOLDER_FIELD: 'w',
  STDIN: 'i',
  COLUMNS: 'x',
  ROWS: 'y',
} as const

/** Flags of `WRITE`. */
export const AGENT_WRITE = { BEGIN: 1, PARENTS: 2 } as const
/** To whom a `SIGNAL` goes. */
export const AGENT_TO = { GROUP: 0, TREE: 1 } as const
/** How `EXIT` says that a process ended. */
export const AGENT_ENDED = { EXITED: 0, SIGNALLED: 1 } as const
export const AGENT_KIND = { FILE: 'f', FOLDER: 'd', LINK: 'l', OTHER: 'o' } as const

export const AGENT_CHANGE = { CREATED: 'c', CHANGED: 'w', REMOVED: 'x', MOVED: 'm' } as const

export const AGENT_VERSION = 1
/** Bytes of a file in one frame, at most. */
export const AGENT_PIECE = 196_608
/** Most bytes of output of one process, and of its input, that may be under way without an acknowledgement. */
export const AGENT_OUTPUT_WINDOW = 524_288
export const AGENT_INPUT_WINDOW = 262_144
/** Processes at a time. */
export const AGENT_PROCESSES = 32

/** Folders that are watched at a time; what one may hold, in entries and bytes of their paths; bytes of one frame of changes. */
export const AGENT_WATCHES = 8
export const AGENT_WATCH_ENTRIES = 10_000
export const AGENT_WATCH_TEXT = 1_048_576
export const AGENT_WATCH_BATCH = 32_768

/** Option of init. */
export const OPTION_AGENT = '--agent'
