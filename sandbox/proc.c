/*
 * What a program sees of /proc: its own processes, and of the machine what runtimes need. Each cell mounts it anew for its PID
 * namespace; the files in its top folder are the machine's, and tell each job what all others do. Of those only the ones
 * named here are left; of /proc/sys, what changes by the doing of others is covered. Covers are files of the container's
 * store: empty, or a constant that programs can go on with.
 */
#include "proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"
#include "store.h"

#define EMPTY_FILE STORE "/nothing"
#define PROCESSORS STORE "/stat"
#define BOOT STORE "/boot"

/* Links and folders of processes are left as well. */
static const char *const left[] = {"cpuinfo", "filesystems", "meminfo", "sys", "sysvipc", "tty", "uptime", "version"};

static const struct {
    const char *name, *store, *content; /* no content: made by proc_prepare */
} constants[] = {
    {"stat", PROCESSORS, NULL},
    {"loadavg", STORE "/load", "0.00 0.00 0.00 1/1 1\n"},
    {"sys/kernel/random/boot_id", BOOT, NULL},
    {"sys/kernel/core_pattern", STORE "/core", "core\n"},
    {"sys/kernel/pty/nr", STORE "/zero", "0\n"},
    {"sys/fs/aio-nr", STORE "/zero", "0\n"},
    {"sys/fs/file-nr", STORE "/files", "0\t0\t9223372036854775807\n"},
    {"sys/fs/inode-nr", STORE "/inodes", "0\t0\n"},
    {"sys/fs/inode-state", STORE "/inode-state", "0\t0\t0\t0\t0\t0\t0\n"},
    {"sys/fs/dentry-state", STORE "/dentries", "0\t0\t45\t0\t0\t0\n"},
};

#define EACH_CONSTANT(item) for (size_t item = 0; item < sizeof constants / sizeof *constants; item++)

enum { MOST_COVERED = 96 };
static struct {
    char path[64];
    bool folder;
} covered[MOST_COVERED];
static size_t covered_count;

static bool is_left(const struct dirent *entry)
{
    const char *name = entry->d_name;
    if (entry->d_type == DT_LNK || name[0] == '.' || (name[0] >= '1' && name[0] <= '9'))
        return true;
    for (size_t i = 0; i < sizeof left / sizeof *left; i++)
        if (strcmp(name, left[i]) == 0)
            return true;
    EACH_CONSTANT(i)
    if (strcmp(name, constants[i].name) == 0)
        return true;
    return false;
}

/* The names are those of this kernel, so they are the same for every cell. */
static void find_covered(void)
{
    DIR *folder = opendir("/proc");
    if (!folder)
        die("read", "/proc");
    for (struct dirent *entry; (entry = readdir(folder));) {
        const size_t room = sizeof covered->path;
        if (is_left(entry))
            continue;
        if (covered_count == MOST_COVERED ||
            snprintf(covered[covered_count].path, room, "/proc/%s", entry->d_name) >= (int)room) {
            errno = E2BIG;
            die("cover", "/proc");
        }
        covered[covered_count++].folder = entry->d_type == DT_DIR;
    }
    closedir(folder);
}

/* As many processors as there are, and when the machine started, which the clocks tell as well; nothing of what they did. */
static void store_processors(void)
{
    FILE *from = fopen("/proc/stat", "re"), *to = fopen(PROCESSORS, "we");
    char *line = NULL, name[16];
    size_t room = 0;
    if (!from || !to)
        die("copy", "/proc/stat");
    while (getline(&line, &room, from) > 0)
        if (strncmp(line, "cpu", 3) == 0 && sscanf(line, "%15s", name) == 1)
            fprintf(to, "%s%s0 0 0 0 0 0 0 0 0 0\n", name, name[3] ? " " : "  ");
        else if (strncmp(line, "btime ", 6) == 0)
            fprintf(to, "intr 0\nctxt 0\n%sprocesses 1\nprocs_running 1\nprocs_blocked 0\nsoftirq 0\n", line);
    free(line);
    fclose(from);
    if (fchmod(fileno(to), 0444) < 0 || fclose(to) != 0)
        die("write", PROCESSORS);
}

/* A UUID of version 4, as the machine's own is. */
static void store_boot(void)
{
    uint8_t bytes[16];
    char text[40];
    size_t used = 0;
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        die("make", BOOT);
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < sizeof bytes; i++) {
        const char *dash = i >= 4 && i <= 10 && i % 2 == 0 ? "-" : "";
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%02x", dash, bytes[i]);
    }
    snprintf(text + used, sizeof text - used, "\n");
    store_file(BOOT, text);
}

void proc_prepare(void)
{
    find_covered();
    store_file(EMPTY_FILE, "");
    store_processors();
    store_boot();
    EACH_CONSTANT(i)
    if (constants[i].content && access(constants[i].store, F_OK) < 0)
        store_file(constants[i].store, constants[i].content);
}

int proc_writable = -1;

void proc_setup(void)
{
    const unsigned long harmless = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    char path[64];
    if (mount("proc", "/proc", "proc", harmless, NULL) < 0)
        die("mount", "/proc");
    for (size_t i = 0; i < covered_count; i++)
        if (covered[i].folder)
            cover(STORE_FOLDER, covered[i].path, MS_RDONLY | harmless);
        else
            cover(EMPTY_FILE, covered[i].path, 0);
    EACH_CONSTANT(i)
    {
        snprintf(path, sizeof path, "/proc/%s", constants[i].name);
        cover(constants[i].store, path, 0);
    }
    proc_writable = (int)syscall(SYS_open_tree, AT_FDCWD, "/proc", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (proc_writable < 0)
        die("clone", "/proc");
    /* A program could otherwise lower its oom_score_adj, and the kernel would take the leader before it. */
    if (mount(NULL, "/proc", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | harmless, NULL) < 0)
        die("restrict", "/proc");
}
