/*
 * What a kernel needs of the system that Lua does not have: an interrupt that ends the code of a cell, also in a coroutine and as often as it comes,
 * where Lua's own program knows its first thread and the first interrupt alone; and descriptors that programs which code starts do not have.
 */
#define _GNU_SOURCE /* ppoll */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lua.h>

/* In Lua's registry: the value that an interrupt is thrown as. */
#define INTERRUPTED "runyard.interrupted"
#define AT_ONCE (LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT)

/* The thread of Lua that runs. */
static lua_State *volatile running;
/* Whether it runs code of a cell, whether that is to end, and whether not yet. */
static volatile sig_atomic_t in_cell, interrupted, held_back;

static int throw_interrupted(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, INTERRUPTED);
    return lua_error(L);
}

static void end_code(lua_State *thread, lua_Debug *record)
{
    (void)record;
    lua_sethook(thread, NULL, 0, 0);
    if (!in_cell || !interrupted || held_back)
        return;
    interrupted = 0;
    throw_interrupted(thread);
}

/* lua_sethook may be called in a handler of signals. */
static void on_interrupt(int number)
{
    (void)number;
    if (!in_cell)
        return;
    interrupted = 1;
    lua_sethook(running, end_code, AT_ONCE, 1);
}

static void run_in(lua_State *thread)
{
    running = thread;
    /* It may have come for the thread before. */
    if (interrupted)
        lua_sethook(thread, end_code, AT_ONCE, 1);
}

/* resume(thread, ...): as coroutine.resume. */
static int resume(lua_State *L)
{
    lua_State *before = running;
    lua_State *thread = lua_tothread(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    if (thread)
        run_in(thread);
    /* What it throws itself, such as an overflow of C's stack, must not leave a thread behind that may be gone. */
    int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    run_in(before);
    return status == LUA_OK ? lua_gettop(L) : lua_error(L);
}

/*
 * execute(command): as os.execute, but an interrupt that ended the command ends its caller, and a command that fails is not taken for one that could
 * not be run because of an errno from before.
 */
static int execute(lua_State *L)
{
    const char *command = luaL_optstring(L, 1, NULL);
    int status = system(command);
    if (command == NULL) {
        lua_pushboolean(L, status);
        return 1;
    }
    if (status != -1)
        errno = 0;
    if (in_cell && status != -1 && ((WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) || (WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGINT)))
        return throw_interrupted(L);
    return luaL_execresult(L, status);
}

/* enter(): from here on an interrupt ends what runs. */
static int enter(lua_State *L)
{
    running = L;
    interrupted = held_back = 0;
    in_cell = 1;
    return 0;
}

/* hold(): what runs is the kernel's; an interrupt ends the code behind `release()` alone. */
static int hold(lua_State *L)
{
    (void)L;
    held_back = 1;
    return 0;
}

static int release(lua_State *L)
{
    held_back = 0;
    if (interrupted)
        lua_sethook(L, end_code, AT_ONCE, 1);
    return 0;
}

static int leave(lua_State *L)
{
    in_cell = interrupted = held_back = 0;
    lua_sethook(L, NULL, 0, 0);
    return 0;
}

/* catch(value): interrupts are thrown as it. */
static int catch(lua_State *L)
{
    struct sigaction action = {.sa_handler = on_interrupt};
    lua_settop(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, INTERRUPTED);
    /* Without SA_RESTART: code that waits in a call of the system is to run on, and end. */
    if (sigaction(SIGINT, &action, NULL) != 0)
        return luaL_error(L, "cannot catch interrupts");
    return 0;
}

/* The descriptor that a variable of the environment names, which is then gone. */
static int descriptor_of(lua_State *L, const char *variable)
{
    const char *value = getenv(variable);
    int fd = value ? atoi(value) : -1;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
        luaL_error(L, "%s names no descriptor", variable);
    unsetenv(variable);
    return fd;
}

/* What was read of requests, of which the first may be a part. */
static struct {
    char *bytes;
    size_t length, size;
} held;

/* Waits for bytes of requests. Returns 0 where an interrupt has come first: it is blocked from the look at that until the wait begins. */
static int await_bytes(int fd)
{
    struct pollfd requests = {.fd = fd, .events = POLLIN};
    sigset_t interrupts, before;
    int came;
    sigemptyset(&interrupts);
    sigaddset(&interrupts, SIGINT);
    sigprocmask(SIG_BLOCK, &interrupts, &before);
    do
        came = interrupted ? 0 : ppoll(&requests, 1, NULL, &before);
    while (came < 0 && errno == EINTR);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return came != 0;
}

/*
 * request(heeds_interrupts): the next line; false where there will be none, nil when an interrupt ended the wait. A file of Lua would lose what it has of
 * a line then.
 */
static int request(lua_State *L)
{
    static int fd = -1;
    int heeds_interrupts = lua_toboolean(L, 1);
    size_t searched = 0;
    char *end;
    if (fd < 0)
        fd = descriptor_of(L, "RUNYARD_REQUESTS_FD");
    while (!(end = held.length > searched ? memchr(held.bytes + searched, '\n', held.length - searched) : NULL)) {
        searched = held.length;
        if (held.length == held.size) {
            size_t size = held.size ? 2 * held.size : 65536;
            char *bytes = realloc(held.bytes, size);
            if (!bytes)
                return luaL_error(L, "no memory is left for a request");
            held.bytes = bytes;
            held.size = size;
        }
        if (heeds_interrupts && !await_bytes(fd))
            return 0;
        ssize_t came = read(fd, held.bytes + held.length, held.size - held.length);
        if (came > 0)
            held.length += (size_t)came;
        else if (came == 0 || errno != EINTR) {
            lua_pushboolean(L, 0);
            return 1;
        }
    }
    size_t line = (size_t)(end - held.bytes) + 1;
    lua_pushlstring(L, held.bytes, line);
    held.length -= line;
    memmove(held.bytes, end + 1, held.length);
    return 1;
}

/* say(text): one message. A file of Lua would lose a part of it with an interrupt. */
static int say(lua_State *L)
{
    static int fd = -1;
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    if (fd < 0)
        fd = descriptor_of(L, "RUNYARD_MESSAGES_FD");
    while (length > 0) {
        ssize_t written = write(fd, text, length);
        if (written < 0 && errno != EINTR)
            return luaL_error(L, "nobody takes messages");
        if (written > 0) {
            text += written;
            length -= (size_t)written;
        }
    }
    return 0;
}

int luaopen_runyard_process(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"enter", enter},     {"leave", leave},     {"hold", hold}, {"release", release}, {"catch", catch},
        {"request", request}, {"execute", execute}, {"say", say},   {NULL, NULL},
    };
    luaL_newlib(L, functions);
    lua_getglobal(L, "coroutine");
    lua_getfield(L, -1, "resume");
    lua_pushcclosure(L, resume, 1);
    lua_setfield(L, -3, "resume");
    lua_pop(L, 1);
    return 1;
}
