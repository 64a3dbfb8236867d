/* SPDX-License-Identifier: Apache-2.0 */
#include "cmsg.h"
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int64_t iommu_receive(int32_t socket, void *buffer, uint64_t length, int32_t wait, int32_t *descriptors,
                      struct iommu_received *received) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(IOMMU_DESCRIPTORS_MAX * sizeof(int))];
    } control;
    struct iovec vector = {buffer, length};
    struct msghdr message = {
        .msg_iov = &vector,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    received->count = 0;
    received->truncated = 0;
    ssize_t result;
    do
        result = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
    while (result < 0 && errno == EINTR);
    if (result < 0)
        return -errno;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int descriptor;
            memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
            if (received->count < IOMMU_DESCRIPTORS_MAX)
                descriptors[received->count++] = descriptor;
            else
                close(descriptor);
        }
    }
    received->truncated = (message.msg_flags & MSG_CTRUNC) != 0;
    return result;
}

int64_t iommu_send(int32_t socket, const void *buffer, uint64_t length, int32_t wait,
                   const int32_t *descriptors, int32_t count) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(IOMMU_DESCRIPTORS_MAX * sizeof(int))];
    } control;
    struct iovec vector = {(void *)buffer, length};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    if (count < 0 || count > IOMMU_DESCRIPTORS_MAX)
        return -EINVAL;
    if (count > 0) {
        memset(&control, 0, CMSG_SPACE(count * sizeof(int)));
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
    }
    ssize_t result;
    do
        result = sendmsg(socket, &message, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
    while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : result;
}

static int32_t connect_to(const struct sockaddr_un *address, socklen_t length, int type) {
    int descriptor = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return -errno;
    int result;
    do
        result = connect(descriptor, (const struct sockaddr *)address, length);
    while (result < 0 && errno == EINTR);
    if (result < 0) {
        result = -errno;
        close(descriptor);
        return result;
    }
    return descriptor;
}

int32_t iommu_connect(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, length + 1);
    return connect_to(&address, sizeof address, SOCK_STREAM);
}

int32_t iommu_connect_datagrams(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, length + 1);
    if (path[0] != '@')
        return connect_to(&address, sizeof address, SOCK_DGRAM);
    /* An abstract name is as long as it is, and no end belongs to it. */
    address.sun_path[0] = 0;
    return connect_to(&address, offsetof(struct sockaddr_un, sun_path) + length, SOCK_DGRAM);
}

int32_t iommu_socketpair(int32_t *first, int32_t *second) {
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0)
        return -errno;
    *first = sockets[0];
    *second = sockets[1];
    return 0;
}

int32_t iommu_unread(int32_t socket) {
    int size = 0;
    return ioctl(socket, SIOCOUTQ, &size) < 0 ? -errno : size;
}
