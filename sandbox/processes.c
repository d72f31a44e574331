/*
 * To signal the program's processes without CAP_KILL the leader takes their effective user id for the length of one kill; its
 * real and saved ids stay root's, so that they cannot do the same to it. Nor can they change its scheduling in that moment: the
 * kernel wants every permitted capability of the other for that, and the leader keeps its two.
 */
#include "processes.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#include "cell.h"
#include "leader-exit.h"
#include "log.h"

static bool become_program(void)
{
    if (seteuid(PROGRAM_UID) == 0)
        return true;
    warn("seteuid: %s", strerror(errno));
    return false;
}

static void become_root(void)
{
    if (seteuid(0) < 0)
        _exit(LEADER_FAULT);
}

void signal_process(pid_t whom, int number)
{
    if (!become_program())
        return;
    kill(whom, number);
    become_root();
}

void signal_all(int number)
{
    signal_process(-1, number);
}

/*
 * What System V keeps holds memory with no process to be killed for it: when it is full, the kernel's next victim would be
 * the leader.
 */
void clear_ipc(void)
{
    struct shm_info memory = {0};
    struct msginfo queues = {0};
    struct seminfo semaphores = {0};
    int last_memory = shmctl(0, SHM_INFO, (struct shmid_ds *)&memory);
    int last_queue = msgctl(0, MSG_INFO, (struct msqid_ds *)&queues);
    int last_semaphore = semctl(0, 0, SEM_INFO, &semaphores);
    bool any = memory.used_ids > 0 || queues.msgpool > 0 || semaphores.semusz > 0;
    if (!any || !become_program())
        return;
    struct shmid_ds shm;
    struct msqid_ds msg;
    struct semid_ds sem;
    for (int i = 0; i <= last_memory; i++)
        shmctl(shmctl(i, SHM_STAT_ANY, &shm), IPC_RMID, NULL);
    for (int i = 0; i <= last_queue; i++)
        msgctl(msgctl(i, MSG_STAT_ANY, &msg), IPC_RMID, NULL);
    for (int i = 0; i <= last_semaphore; i++)
        semctl(semctl(i, 0, SEM_STAT_ANY, &sem), 0, IPC_RMID);
    become_root();
}
