/*
 * The names of the protocol between a worker and the agent of a session (docs/sessions.md, "Agent protocol").
 * src/worker/sessions/agent-protocol.ts has the same names and values, line by line; tests/sessions/agent-protocol.test.ts holds
 * the two to each other. Frames have the shape of init's; each payload begins with a number of four bytes, big endian: the process
 * or the request that it is about, chosen by the worker.
 */
#ifndef RUNYARD_AGENT_PROTOCOL_H
#define RUNYARD_AGENT_PROTOCOL_H

enum { AGENT_VERSION = 1, AGENT_PIECE = 196608, AGENT_OUTPUT_WINDOW = 524288, AGENT_INPUT_WINDOW = 262144, AGENT_PROCESSES = 32 };

/* Folders that are watched at a time; what one may hold, in entries and bytes of their paths; bytes of one frame of changes. */
enum { AGENT_WATCHES = 8, AGENT_WATCH_ENTRIES = 10000, AGENT_WATCH_TEXT = 1048576, AGENT_WATCH_BATCH = 32768 };

enum agent_frame {
    /* from the worker, of processes */
    AGENT_START = 'S',     /* start one: records, below */
    AGENT_INPUT = 'I',     /* bytes of its standard input */
    AGENT_INPUT_END = 'E', /* the end of its standard input */
    AGENT_ACK = 'A',       /* so many bytes of its output were taken (4 bytes) */
    AGENT_RESIZE = 'T',    /* the size of its terminal: columns (2 bytes), rows (2 bytes) */
    AGENT_SIGNAL = 'K',    /* a signal: number (1 byte), to whom (1 byte) */
    /* from the worker, of files; each is answered by one DONE or FAILED */
    AGENT_READ = 'R',   /* offset (8 bytes), length (4 bytes), path NUL */
    AGENT_WRITE = 'W',  /* flags (1 byte), mode (2 bytes), offset (8 bytes), path NUL, content */
    AGENT_LIST = 'L',   /* number of entries to skip (4 bytes), path NUL */
    AGENT_STAT = 'Y',   /* path NUL */
    AGENT_MOVE = 'M',   /* path NUL, path NUL */
    AGENT_REMOVE = 'X', /* 1: with what is in it (1 byte), path NUL */
    AGENT_FOLDER = 'D', /* make it, and its parents: path NUL */
    /* from the worker, of watches; the first two are answered by DONE or FAILED */
    AGENT_WATCH = 'N',   /* 1: with what is in its folders (1 byte), path NUL */
    AGENT_UNWATCH = 'U', /* nothing */
    AGENT_NOTED = 'V',   /* the last CHANGES were taken */
    /* to the worker */
    AGENT_READY = 'r',   /* version (4 bytes), once, first */
    AGENT_STARTED = 's', /* its process id (4 bytes) */
    AGENT_STDOUT = 'o',  /* bytes of its standard output, or of its terminal */
    AGENT_STDERR = 'e',  /* bytes of its standard error */
    AGENT_TAKEN = 'a',   /* so many bytes of input were taken, or thrown away (4 bytes) */
    AGENT_EXIT = 'x',    /* how it ended (1 byte), exit code or signal (1 byte), CPU time in us (8 bytes), peak memory (8 bytes) */
    AGENT_DONE = 'z',    /* what was asked for */
    AGENT_FAILED = 'f',  /* errno (4 bytes) */
    AGENT_CHANGES = 'c', /* 1: it holds too much to be watched (1 byte); changes: what (1 byte), kind (1 byte), size (8 bytes), path NUL, */
                         /* of one that moved: the path it had NUL */
    AGENT_FAULT = 'F',   /* text: the agent is broken, and ends */
};

/* The fields of a record list, each the first character of a record. */
enum agent_field {
    AGENT_ARGUMENT = 'a',
    AGENT_ENVIRONMENT = 'e',
    AGENT_FOLDER_FIELD = 'w',
    AGENT_STDIN = 'i',
    AGENT_COLUMNS = 'x',
    AGENT_ROWS = 'y',
};

/* Flags of WRITE; to whom a signal goes; how a process ended; kinds of entries. */
enum { AGENT_WRITE_BEGIN = 1, AGENT_WRITE_PARENTS = 2 };
enum { AGENT_TO_GROUP = 0, AGENT_TO_TREE = 1 };
enum { AGENT_EXITED = 0, AGENT_SIGNALLED = 1 };
enum agent_kind { AGENT_KIND_FILE = 'f', AGENT_KIND_FOLDER = 'd', AGENT_KIND_LINK = 'l', AGENT_KIND_OTHER = 'o' };

enum agent_change {
    AGENT_CHANGE_CREATED = 'c',
    AGENT_CHANGE_CHANGED = 'w',
    AGENT_CHANGE_REMOVED = 'x',
    AGENT_CHANGE_MOVED = 'm',
};

/* Option of init. */
#define OPTION_AGENT "--agent"

#endif
