/* A pseudo terminal as a stage's standard streams: the leader holds the master, the program's three descriptors are the other end. */
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

bool terminal_open(const struct stage_plan *plan, int ours[STREAMS], int theirs[STREAMS])
{
    const int unlocked = 0;
    struct termios settings;
    int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    int slave = -1;
    if (master >= 0 && ioctl(master, TIOCSPTLCK, &unlocked) == 0)
        slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    ours[STREAM_OUT] = master;
    theirs[STREAM_IN] = slave;
    if (slave < 0 || tcgetattr(slave, &settings) < 0)
        return false;
    /* Erasing takes a character, not a byte. */
    settings.c_iflag |= IUTF8;
    ours[STREAM_IN] = fcntl(master, F_DUPFD_CLOEXEC, 0);
    theirs[STREAM_OUT] = fcntl(slave, F_DUPFD_CLOEXEC, 0);
    theirs[STREAM_ERR] = fcntl(slave, F_DUPFD_CLOEXEC, 0);
    return ours[STREAM_IN] >= 0 && theirs[STREAM_OUT] >= 0 && theirs[STREAM_ERR] >= 0 && tcsetattr(slave, TCSANOW, &settings) == 0 &&
           terminal_resize(master, plan->columns, plan->rows);
}

bool terminal_resize(int master, uint64_t columns, uint64_t rows)
{
    const struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};
    return ioctl(master, TIOCSWINSZ, &size) == 0;
}

pid_t terminal_foreground(int master)
{
    pid_t group = -1;
    return ioctl(master, TIOCGPGRP, &group) == 0 && group > 1 ? group : -1;
}
