/*
 * Once for the container, before there is any job: podman's own files are taken away or covered, devices and packages become the
 * sandbox's own, and init gives up what it needed for that.
 */
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"
#include "proc.h"
#include "protocol.h"
#include "seccomp-notify.h"
#include "store.h"

/* Each container has its own file system of them; when the last cell ended its terminals did. */
#define TERMINALS "64"

/*
 * The nodes that podman shows are the machine's: a lock on one is felt by all of the machine. The worker has made
 * others, where it could, which no other sandbox has. Those that cannot be opened here no job gets to see; the operator hears of
 * them once for each sandbox.
 */
static void replace_devices(void)
{
    static const char *const names[] = {"null", "zero", "full", "random", "urandom", "tty"};
    bool said = false, all = true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char own[32] = DEVICES_FOLDER "/", shown[16] = "/dev/";
        strcat(own, names[i]);
        strcat(shown, names[i]);
        int fd = open(own, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        /* ENXIO: no terminal. Whatever else there is against ours, the machine's can be used. */
        if (fd < 0 && errno != ENXIO) {
            if (!said)
                warn("%s: %s; the machine's is used, as of all that cannot be opened", own, strerror(errno));
            said = true;
            umount2(own, MNT_DETACH);
            all = false;
            continue;
        }
        if (fd >= 0)
            close(fd);
        umount2(shown, MNT_DETACH);
        if (mount(own, shown, NULL, MS_MOVE, NULL) < 0)
            die("move", own);
    }
    if (all)
        notify_own_devices();
}

/*
 * The packages of an environment are a folder of the machine, one for all sandboxes that have them: a lock on a file of it would be
 * felt in all of them, and fsync would wait for the machine's disk. In a file system of the sandbox's own they are other files with the
 * same content. A kernel before 5.11 makes none for a container.
 */
static void separate_environment(void)
{
    static const char shown[] = ENVIRONMENT_FOLDER, aside[] = STORE ENVIRONMENT_FOLDER;
    if (mkdir(aside, 0555) < 0)
        die("make", aside);
    if (mount(shown, aside, NULL, MS_MOVE, NULL) == 0) {
        /* Without a second folder it would be one that can be written. */
        if (mount("environment", shown, "overlay", MS_RDONLY | MS_NOSUID | MS_NODEV, "lowerdir=" STORE ENVIRONMENT_FOLDER ":" STORE_FOLDER) == 0)
            umount2(aside, MNT_DETACH);
        else {
            warn("%s: %s; its files are the machine's", shown, strerror(errno));
            if (mount(aside, shown, NULL, MS_MOVE, NULL) < 0)
                die("move", aside);
        }
    } else if (errno != ENOENT && errno != EINVAL)
        die("move", shown);
    rmdir(aside);
}

/* No process of the container shall gain a capability by what it executes; init, which executes nothing, keeps its own. */
static void give_up_capabilities(void)
{
    for (unsigned long number = 0; prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; number++)
        if (prctl(PR_CAPBSET_DROP, number, 0, 0, 0) < 0)
            die("empty", "the bounding set");
    const uint32_t kept = 1u << CAP_SYS_ADMIN | 1u << CAP_NET_ADMIN | 1u << CAP_SETUID | 1u << CAP_SETGID;
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{.effective = kept, .permitted = kept}};
    if (syscall(SYS_capset, &head, data) < 0)
        die("drop", "capabilities");
}

void container_prepare(bool transport, bool devices)
{
    static const struct {
        const char *path, *store, *content;
    } told[] = {
        {"/etc/hosts", STORE "/hosts", "127.0.0.1 localhost sandbox\n::1 localhost\n"},
        {"/etc/hostname", STORE "/hostname", "sandbox\n"},
        {"/etc/resolv.conf", STORE "/resolv.conf", ""},
    };
    const unsigned long harmless = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        die("make private", "/");
    /* podman's own are bind mounts whose source, a path of the host, would show in mountinfo. */
    umount2("/run/.containerenv", MNT_DETACH);
    if (transport && umount2(TRANSPORT_FOLDER, MNT_DETACH) < 0)
        die("unmount", TRANSPORT_FOLDER);
    if (devices)
        replace_devices();
    if (mkdir(STORE_FOLDER, 0555) < 0 && errno != EEXIST)
        die("make", STORE_FOLDER);
    separate_environment();
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        umount2(told[i].path, MNT_DETACH);
        store_file(told[i].store, told[i].content);
        cover(told[i].store, told[i].path, harmless);
    }
    /* A link to /proc/kcore, which some OCI runtimes make. */
    unlink("/dev/core");
    /* The queue of the container's IPC namespace would outlive a job. */
    cover(STORE_FOLDER, "/dev/mqueue", harmless);
    /* The machine has one number of terminals for all containers. */
    if (mount(NULL, "/dev/pts", NULL, MS_REMOUNT | MS_NOSUID | MS_NOEXEC, "ptmxmode=0666,mode=0620,gid=5,max=" TERMINALS) < 0)
        die("limit", "/dev/pts");
    proc_prepare();
    /* The counters of the cgroup are open by now; the rest, the container's name among it, nobody needs. */
    umount2("/sys", MNT_DETACH);
    cover(STORE_FOLDER, "/sys", harmless);
    give_up_capabilities();
}
