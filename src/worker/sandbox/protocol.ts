/**
 * The names of the protocol between a worker and the init of a sandbox: `sandbox/protocol.h` has the same, and
 * `docs/sandbox-protocol.md` says what they mean.
 */

/** Types of frames, as their byte values. */
export const FRAME = {
  PREWARM: 0x48,
  BEGIN: 0x42,
  WRITE: 0x57,
  START: 0x53,
  INPUT: 0x49,
  INPUT_END: 0x45,
  RESIZE: 0x54,
  KILL: 0x4b,
  GATHER: 0x47,
  NEXT: 0x4e,
  QUIT: 0x51,
  READY: 0x52,
  STDOUT: 0x4f,
  STDERR: 0x58,
  ACK: 0x41,
  DONE: 0x44,
  PIECE: 0x50,
  LIST: 0x4c,
  CLEAN: 0x5a,
  FAULT: 0x46,
} as const

export type FrameType = (typeof FRAME)[keyof typeof FRAME]

/** Fields of `BEGIN`. */
export const BEGIN = { BYTES: 'b', INODES: 'i', PREWARMED: 'h', RESTORE: 'r' } as const

/** Fields of `START` and `PREWARM`. */
export const STAGE = {
  ARGUMENT: 'a',
  ENVIRONMENT: 'e',
  WALL_MS: 'w',
  CPU_MS: 'c',
  GRACE_MS: 'g',
  OUTPUT_BYTES: 'o',
  PROCESSES: 'p',
  FILE_BYTES: 'f',
  OPEN_FILES: 'n',
  STACK_BYTES: 's',
  STDIN: 'i',
  COLUMNS: 'x',
  ROWS: 'y',
  PREWARM_FILE: 'h',
  PREWARM_APART: 'u',
  UNOBSERVED: 'q',
} as const

/** Fields of `GATHER`. */
export const GATHER = { GLOB: 'g', BYTES: 'b', FILES: 'n' } as const

/** Flags of `WRITE`. */
export const WRITE = { APPEND: 1, LAST: 2 } as const

/** What `PIECE` begins with. */
export const PIECE = { FIRST: 0, NEXT: 1, FORGET: 2 } as const

/** What `KILL` says where it is no signal, and `NEXT` where the folder is kept. */
export const KILL_STAGE = 0
export const NEXT_KEEP = 1

/** Largest payload of one frame, in bytes. */
export const MAX_PAYLOAD = 262_144
/** Type and length, in bytes. */
export const FRAME_HEADER = 5
/** Most bytes of standard input that may be under way without an acknowledgement. */
export const INPUT_WINDOW = 262_144

/** Options of init. */
export const OPTION_TRANSPORT = '--transport'
export const OPTION_DEVICES = '--devices'
export const OPTION_RELAY = '--relay'
/** Where the worker shows its socket to init, what it is called there, and where device nodes. */
export const TRANSPORT_FOLDER = '/run/transport'
export const TRANSPORT_SOCKET = 'socket'
export const DEVICES_FOLDER = '/run/devices'
/** Where a sandbox has the packages of its environment. */
export const ENVIRONMENT_FOLDER = '/environment'
