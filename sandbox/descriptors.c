/* Descriptors from one process to another. */
#include "descriptors.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* A message of one byte, and room beside it for a descriptor. */
struct parcel {
    char byte;
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr aligned;
    } beside;
    struct iovec body;
    struct msghdr message;
};

static void wrap(struct parcel *parcel)
{
    *parcel = (struct parcel){.byte = 0};
    parcel->body = (struct iovec){.iov_base = &parcel->byte, .iov_len = 1};
    parcel->message = (struct msghdr){.msg_iov = &parcel->body,
                                      .msg_iovlen = 1,
                                      .msg_control = parcel->beside.bytes,
                                      .msg_controllen = sizeof parcel->beside.bytes};
}

bool send_descriptor(int socket, int descriptor)
{
    struct parcel parcel;
    wrap(&parcel);
    struct cmsghdr *beside = CMSG_FIRSTHDR(&parcel.message);
    *beside = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof descriptor), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(beside), &descriptor, sizeof descriptor);
    return sendmsg(socket, &parcel.message, MSG_NOSIGNAL) == 1;
}

int receive_descriptor(int socket)
{
    struct parcel parcel;
    int descriptor = -1;
    wrap(&parcel);
    if (recvmsg(socket, &parcel.message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1)
        return -1;
    struct cmsghdr *beside = CMSG_FIRSTHDR(&parcel.message);
    if (beside && beside->cmsg_type == SCM_RIGHTS)
        memcpy(&descriptor, CMSG_DATA(beside), sizeof descriptor);
    return descriptor;
}
