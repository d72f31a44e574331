/*
 * The agent of a session: the program of a stage that lasts as long as the session. It has the user, the filter and the limits of any
 * program, starts the session's processes and has its files, as the worker says on standard input; docs/sessions.md has the protocol.
 *
 * Programs of the session run as the same user, so they can end the agent, which ends the session. They cannot speak in its
 * place: nobody but root may look into a process that is not dumpable, or open its descriptors.
 */
#include "agent.h"

#include <errno.h>
#include <poll.h>
#include <sys/prctl.h>

#include "agent-files.h"
#include "agent-frames.h"
#include "agent-processes.h"
#include "agent-watches.h"

enum { FRAMES_PER_TURN = 16 };

static struct frame frame;

static void take_frame(void)
{
    struct reader request = reader_of(&frame);
    uint32_t id = (uint32_t)read_number(&request, 4);
    switch ((enum agent_frame)frame.type) {
    case AGENT_START: processes_start(id, request); break;
    case AGENT_INPUT: processes_input(id, request); break;
    case AGENT_INPUT_END: processes_input_end(id); break;
    case AGENT_ACK: processes_ack(id, request); break;
    case AGENT_RESIZE: processes_resize(id, request); break;
    case AGENT_SIGNAL: processes_signal(id, request); break;
    case AGENT_READ: files_read(id, request); break;
    case AGENT_WRITE: files_write(id, request); break;
    case AGENT_LIST: files_list(id, request); break;
    case AGENT_STAT: files_stat(id, request); break;
    case AGENT_MOVE: files_move(id, request); break;
    case AGENT_REMOVE: files_remove(id, request); break;
    case AGENT_FOLDER: files_folder(id, request); break;
    case AGENT_WATCH: watches_start(id, request); break;
    case AGENT_UNWATCH: watches_stop(id); break;
    case AGENT_NOTED: watches_taken(id); break;
    default: fault("an unknown frame");
    }
}

/* A few at a time, each only when there is room for its answer. False at the end of the input. */
static bool take_frames(void)
{
    for (int i = 0; i < FRAMES_PER_TURN && room_for_answer(); i++) {
        int got = transport_read(&frame);
        if (got == 0)
            return true;
        if (got == -1)
            return false;
        if (got == -2)
            fault("an oversized frame");
        take_frame();
    }
    return true;
}

int agent(void)
{
    enum { POLLED_IN, POLLED_OUT, POLLED_PROCESSES };
    struct pollfd polled[POLLED_PROCESSES + PROCESSES_POLLED];
    uint8_t version[4];
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        fault("dumpable");
    transport_open();
    processes_prepare();
    put_number(version, AGENT_VERSION, sizeof version);
    send_about(AGENT_READY, 0, version, sizeof version);
    while (transport_flush()) {
        polled[POLLED_IN] = (struct pollfd){.fd = room_for_answer() ? FRAMES_IN : -1, .events = POLLIN};
        polled[POLLED_OUT] = (struct pollfd){.fd = transport_pending() ? FRAMES_OUT : -1, .events = POLLOUT};
        processes_poll(polled + POLLED_PROCESSES);
        if (poll(polled, sizeof polled / sizeof *polled, room_for_answer() ? watches_timeout() : -1) < 0 && errno != EINTR)
            fault("poll");
        if (polled[POLLED_IN].revents && !take_frames())
            return 0;
        processes_serve(polled + POLLED_PROCESSES);
        watches_serve();
    }
    return 0;
}
