#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* What a program finds around itself, as in the probes of the other languages. Valid C++, too. */
static int visible(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int number(const struct dirent *entry)
{
    return entry->d_name[0] >= '0' && entry->d_name[0] <= '9';
}

static void list(const char *folder, int (*wanted)(const struct dirent *))
{
    struct dirent **entries;
    int count = scandir(folder, &entries, wanted, alphasort);
    printf("%s", folder);
    for (int i = 0; i < count; i++)
        if (wanted == visible || atoi(entries[i]->d_name) != getpid())
            printf(" %s", entries[i]->d_name);
    puts("");
}

static void copy(const char *path)
{
    char line[4096];
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        fputs(line, stdout);
}

int main(int count, char **args, char **environment)
{
    static const char *const folders[] = {"/job", "/tmp", "/var/tmp", "/dev/shm", "/run", "/dev/mqueue", "/dev/pts"};
    static const char *const files[] = {"/proc/sysvipc/shm", "/proc/sysvipc/sem", "/proc/sysvipc/msg", "/proc/net/unix",
                                        "/proc/net/tcp",     "/proc/net/udp",     "/proc/locks"};
    struct statvfs usage;
    struct stat status;
    char host[64];
    puts("Hello, world!");
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        list(folders[i], visible);
        stat(folders[i], &status);
        printf("%o\n", (unsigned)status.st_mode);
    }
    list("/proc", number);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        copy(files[i]);
    statvfs("/tmp", &usage);
    printf("%lu %lu %lu\n", (unsigned long)usage.f_blocks, (unsigned long)usage.f_files,
           (unsigned long)(usage.f_files - usage.f_ffree));
    for (int i = 0; environment[i]; i++)
        puts(environment[i]);
    gethostname(host, sizeof host);
    printf("%s %d %d %d %d %s\n", host, (int)getuid(), (int)getgid(), getpriority(PRIO_PROCESS, 0), count, args[0]);
    for (int i = 0; i < RLIM_NLIMITS; i++) {
        struct rlimit limit;
        getrlimit((__rlimit_resource_t)i, &limit);
        printf("%ld %ld\n", (long)limit.rlim_cur, (long)limit.rlim_max);
    }
}
