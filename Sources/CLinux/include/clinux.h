/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* What Swift's Glibc module lacks. Each function answers -errno on failure and, unless it says otherwise, 0 or
   the number asked for on success. None is interrupted by a signal: they retry on EINTR where that is safe. */

int32_t iommu_eventfd(uint32_t initial, int32_t flags);

/* ---- sockets ---- */

/* Accepts with SOCK_CLOEXEC and SOCK_NONBLOCK. Does not retry on EINTR: the loop comes back anyway. */
int32_t iommu_accept4(int32_t socket);
/* Who connected, as SO_PEERCRED has recorded it. */
int32_t iommu_peer_credentials(int32_t socket, int32_t *pid, uint32_t *uid, uint32_t *gid);
/* A pidfd of who connected; -ENOPROTOOPT before Linux 6.5. */
int32_t iommu_peer_pidfd(int32_t socket);
/* pipe2 with O_CLOEXEC and O_NONBLOCK: ends[0] reads, ends[1] writes. */
int32_t iommu_pipe(int32_t ends[2]);

/* ---- files ---- */

/* How a new memfd is backed. */
enum {
    IOMMU_HUGE_NONE = 0,
    IOMMU_HUGE_2M = 1,
    IOMMU_HUGE_1G = 2,
};
/* A new memfd that may be sealed, close-on-exec, never executable where the kernel knows how. */
int32_t iommu_memfd_create(const char *name, uint32_t huge);

enum {
    IOMMU_SEAL_SEAL = 1,
    IOMMU_SEAL_SHRINK = 2,
    IOMMU_SEAL_GROW = 4,
    IOMMU_SEAL_WRITE = 8,
    IOMMU_SEAL_FUTURE_WRITE = 16,
};
int32_t iommu_add_seals(int32_t fd, uint32_t seals);
/* The seals, at least 0; -EINVAL for anything that is no shmem or hugetlb file. */
int32_t iommu_get_seals(int32_t fd);

/* What a file is, of what fstat and fstatfs know. */
struct iommu_file_facts {
    uint64_t device, inode;
    uint64_t size;            /* bytes */
    uint64_t allocated;       /* bytes */
    uint64_t block_size;      /* bytes; the size of a huge page on hugetlbfs */
    int64_t changed_seconds;  /* ctime */
    int64_t changed_nanoseconds;
    uint32_t mode;
    uint32_t hugetlb;         /* 1 on hugetlbfs */
};
int32_t iommu_file_facts(int32_t fd, struct iommu_file_facts *facts);

/* Opens the file behind `fd` anew, close-on-exec, through /proc/self/fd: a description of our own. */
int32_t iommu_reopen(int32_t fd, int32_t writable);

/* Allocates `length` bytes at `offset` without changing the size; holes are filled with zeroes. */
int32_t iommu_allocate(int32_t fd, uint64_t offset, uint64_t length);
/* Punches a hole of `length` bytes at `offset`. */
int32_t iommu_punch_hole(int32_t fd, uint64_t offset, uint64_t length);

/* The first offset from `offset` on that holds data, or that does not. Moves the position of the description.
   -ENXIO at and past the end. Memory that was allocated and never touched counts as a hole. */
int64_t iommu_seek_data(int32_t fd, uint64_t offset);
int64_t iommu_seek_hole(int32_t fd, uint64_t offset);

/* Pages of `length` bytes at `offset` that the file has, in memory or in swap, touched or only allocated.
   Linux 6.5; -EPERM for a file that the caller may not write. O(pages). */
int64_t iommu_pages_present(int32_t fd, uint64_t offset, uint64_t length);

/* Reads or writes until all is done. Answers the bytes done, fewer only at the end of the file. */
int64_t iommu_pread_all(int32_t fd, void *to, uint64_t length, uint64_t offset);
int64_t iommu_pwrite_all(int32_t fd, const void *from, uint64_t length, uint64_t offset);

/* 0 when `fd` is the memory of a process, /proc/PID/mem, as its name and its file system tell; -EINVAL for anything
   else. May never answer for a file of somebody's own file system. */
int32_t iommu_check_process_memory(int32_t fd);

/* ---- memory ---- */

/* Locks the range and faults it in. */
int32_t iommu_mlock(const void *base, uint64_t length);
/* Asks for transparent huge pages in the range. */
int32_t iommu_advise_huge(void *base, uint64_t length);
/* Reads `count` entries of the open /proc/self/pagemap for the pages from `base` on; answers how many came.
   An entry has its frame number in bits 0-54 (0 without CAP_SYS_ADMIN) and bit 63 set when it is present. */
int64_t iommu_pagemap_read(int32_t pagemap, const void *base, uint64_t *entries, uint64_t count);

/* ---- io_uring, for its registered buffers only ---- */

/* A ring with a sparse table of `slots` buffers, at most 16384, close-on-exec. */
int32_t iommu_ring_create(uint32_t slots);
/* Pins `length` bytes at `base`, at most 1 GiB, as buffer `slot`, which is empty. */
int32_t iommu_ring_register(int32_t ring, uint32_t slot, void *base, uint64_t length);
/* Empties the `count` slots from `first` on. */
int32_t iommu_ring_unregister(int32_t ring, uint32_t first, uint32_t count);

/* ---- processes ---- */

/* Closes all descriptors from `first` on. */
void iommu_close_from(int32_t first);

/* Binds the process `pid` (0: this thread) to one processor. */
int32_t iommu_bind_to_processor(int32_t pid, uint32_t processor);
/* The calling thread's number. */
int32_t iommu_thread_id(void);

/* ---- checksums ---- */

/* CRC-32C (Castagnoli, reflected) of `length` bytes, going on from `before`, 0 at first. */
uint32_t iommu_crc32c(uint32_t before, const void *bytes, uint64_t length);
/* Stores `value` at `at`, which is a multiple of 8, after everything that was stored before. */
void iommu_store_last(uint64_t *at, uint64_t value);
