/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

/* The most descriptors that the kernel lets one message carry. */
#define IOMMU_DESCRIPTORS_MAX 253

/* What iommu_receive met besides bytes. */
struct iommu_received {
    /* Descriptors stored, all close-on-exec. */
    int32_t count;
    /* Not 0: the kernel had to drop some. */
    int32_t truncated;
};

/* Receives at most `length` bytes, without waiting when `wait` is 0, and stores the descriptors that came
   with them in `descriptors`, which has room for IOMMU_DESCRIPTORS_MAX.
   Answers the bytes received, 0 at the end of the stream, or -errno. */
int64_t iommu_receive(int32_t socket, void *buffer, uint64_t length, int32_t wait, int32_t *descriptors,
                      struct iommu_received *received);

/* Sends at most `length` bytes in one message together with `count` descriptors, without SIGPIPE and, when
   `wait` is 0, without waiting. Answers the bytes sent or -errno; the descriptors went with the first byte. */
int64_t iommu_send(int32_t socket, const void *buffer, uint64_t length, int32_t wait,
                   const int32_t *descriptors, int32_t count);

/* Connects a stream socket to the Unix socket at `path`. Answers the descriptor or -errno. */
int32_t iommu_connect(const char *path);

/* A datagram socket, close-on-exec, that sends to the one at `path`, or with the abstract name behind `@`. Answers the
   descriptor or -errno. */
int32_t iommu_connect_datagrams(const char *path);

/* A connected pair of stream sockets, close-on-exec. Answers 0 or -errno. */
int32_t iommu_socketpair(int32_t *first, int32_t *second);

/* Memory that what was sent and not yet read by the other end takes: 0 when it has read everything.
   Answers -errno on failure. */
int32_t iommu_unread(int32_t socket);
