#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

void cover(const char *from, const char *to, unsigned long flags)
{
    struct stat there;
    if (lstat(to, &there) < 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return;
        die("look at", to);
    }
    if (mount(from, to, NULL, MS_BIND, NULL) < 0)
        die("cover", to);
    if (flags && mount(NULL, to, NULL, MS_BIND | MS_REMOUNT | flags, NULL) < 0)
        die("restrict", to);
}

void store_file(const char *path, const char *content)
{
    const ssize_t length = (ssize_t)strlen(content);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0444);
    if (fd < 0 || write(fd, content, (size_t)length) != length)
        die("write", path);
    close(fd);
}
