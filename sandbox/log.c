#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "leader-exit.h"
#include "protocol.h"

void warn(const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text - 1, format, args);
    va_end(args);
    if (n < 0)
        return;
    if ((size_t)n > sizeof text - 2)
        n = (int)sizeof text - 2;
    text[n] = '\n';
    if (write(LOG_OUT, text, (size_t)n + 1) < 0)
        return;
}

_Noreturn void die(const char *what, const char *which)
{
    warn("%s %s: %s", what, which, strerror(errno));
    _exit(LEADER_FAULT);
}
