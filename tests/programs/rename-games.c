#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Exchanges, whiteouts and renames across the places a program may write to. */
static void attempt(const char *what, const char *from, const char *to, unsigned flags)
{
    int done = renameat2(AT_FDCWD, from, AT_FDCWD, to, flags);
    printf("%s %s\n", what, done == 0 ? "done" : strerrorname_np(errno));
}

int main(void)
{
    mkdir("folder", 0755);
    symlink("/etc", "out");
    attempt("exchange source and folder", "main.c", "folder", RENAME_EXCHANGE);
    attempt("exchange program and link", "a.out", "out", RENAME_EXCHANGE);
    attempt("leave a whiteout", "out", "moved", RENAME_WHITEOUT);
    attempt("from /job to /tmp", "moved", "/tmp/moved", 0);
    attempt("onto the host name", "main.c", "/etc/hostname", RENAME_EXCHANGE);
    attempt("into a shell", "main.c", "/bin/sh", 0);
    attempt("through a link", "main.c", "a.out/passwd", 0);
    for (int i = 0; i < 20000; i++)
        renameat2(AT_FDCWD, "main.c", AT_FDCWD, "folder", RENAME_EXCHANGE);
    puts("20000 more");
}
