/*
 * The names of the protocol between a worker and the init of a sandbox (docs/sandbox-protocol.md). src/worker/sandbox/protocol.ts
 * has the same names and values, line by line; tests/sandbox/protocol.test.ts holds the two to each other.
 */
#ifndef RUNYARD_PROTOCOL_H
#define RUNYARD_PROTOCOL_H

enum { PROTOCOL_VERSION = 1, MAX_PAYLOAD = 262144, FRAME_HEADER = 5, INPUT_WINDOW = 262144 };

/* The type of a frame, its first byte. */
enum frame_type {
    /* from the worker */
    FRAME_PREWARM = 'H',   /* start a program ahead of its job; empty: discard it */
    FRAME_BEGIN = 'B',     /* begin the job */
    FRAME_WRITE = 'W',     /* write a file */
    FRAME_START = 'S',     /* start a stage */
    FRAME_INPUT = 'I',     /* bytes of its standard input */
    FRAME_INPUT_END = 'E', /* the end of its standard input */
    FRAME_RESIZE = 'T',    /* the size of its terminal */
    FRAME_KILL = 'K',      /* end it, or signal it */
    FRAME_GATHER = 'G',    /* send files of the job's folder */
    FRAME_NEXT = 'N',      /* end the cell, not the job */
    FRAME_QUIT = 'Q',      /* end the job */
    /* from init */
    FRAME_READY = 'R',  /* the first cell stands ready */
    FRAME_STDOUT = 'O', /* bytes of standard output */
    FRAME_STDERR = 'X', /* bytes of standard error */
    FRAME_ACK = 'A',    /* so many bytes of input were taken */
    FRAME_DONE = 'D',   /* the report of a stage */
    FRAME_PIECE = 'P',  /* a piece of a file */
    FRAME_LIST = 'L',   /* the end of the files */
    FRAME_CLEAN = 'Z',  /* the cell is gone, the next one stands ready */
    FRAME_FAULT = 'F',  /* the sandbox is broken */
};

/* The fields of a record list, each the first character of a record. */
enum begin_field { BEGIN_BYTES = 'b', BEGIN_INODES = 'i', BEGIN_PREWARMED = 'h', BEGIN_RESTORE = 'r' };
enum stage_field {
    STAGE_ARGUMENT = 'a',
    STAGE_ENVIRONMENT = 'e',
    STAGE_WALL_MS = 'w',
    STAGE_CPU_MS = 'c',
    STAGE_GRACE_MS = 'g',
    STAGE_OUTPUT_BYTES = 'o',
    STAGE_PROCESSES = 'p',
    STAGE_FILE_BYTES = 'f',
    STAGE_OPEN_FILES = 'n',
    STAGE_STACK_BYTES = 's',
    STAGE_STDIN = 'i',
    STAGE_COLUMNS = 'x',
    STAGE_ROWS = 'y',
    STAGE_PREWARM_FILE = 'h',
    STAGE_PREWARM_APART = 'u',
    STAGE_UNOBSERVED = 'q',
};
enum gather_field { GATHER_GLOB = 'g', GATHER_BYTES = 'b', GATHER_FILES = 'n' };

/* Flags of FRAME_WRITE; what begins a FRAME_PIECE; what FRAME_KILL and FRAME_NEXT say. */
enum { WRITE_APPEND = 1, WRITE_LAST = 2 };
enum { PIECE_FIRST = 0, PIECE_NEXT = 1, PIECE_FORGET = 2 };
enum { KILL_STAGE = 0, NEXT_KEEP = 1 };

/* Descriptors of init and of the leader. */
enum { FRAMES_IN = 0, FRAMES_OUT = 1, LOG_OUT = 2 };

/* Options of init, and what the worker shows to it. */
#define OPTION_TRANSPORT "--transport"
#define OPTION_DEVICES "--devices"
#define OPTION_RELAY "--relay"
#define TRANSPORT_FOLDER "/run/transport"
#define TRANSPORT_SOCKET "socket"
#define DEVICES_FOLDER "/run/devices"
#define ENVIRONMENT_FOLDER "/environment"

#endif
