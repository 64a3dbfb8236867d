/* SPDX-License-Identifier: Apache-2.0 */
#include "clinux.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/io_uring.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Numbers that older headers lack; they are the same on every architecture. */
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef MFD_HUGE_2MB
#define MFD_HUGE_2MB (21U << 26)
#define MFD_HUGE_1GB (30U << 26)
#endif
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif
#ifndef IORING_RSRC_REGISTER_SPARSE
#define IORING_RSRC_REGISTER_SPARSE (1U << 0)
#endif
#ifndef MADV_HUGEPAGE
#define MADV_HUGEPAGE 14
#endif

#define ANSWER(call)                             \
    do {                                         \
        long result;                             \
        do result = (long)(call);                \
        while (result < 0 && errno == EINTR);    \
        return (int32_t)(result < 0 ? -errno : result); \
    } while (0)

int32_t iommu_eventfd(uint32_t initial, int32_t flags) { ANSWER(eventfd(initial, flags)); }

int32_t iommu_accept4(int32_t socket) {
    int fd = accept4(socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int32_t iommu_peer_credentials(int32_t socket, int32_t *pid, uint32_t *uid, uint32_t *gid) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0) return -errno;
    *pid = peer.pid;
    *uid = peer.uid;
    *gid = peer.gid;
    return 0;
}

int32_t iommu_peer_pidfd(int32_t socket) {
    int fd = -1;
    socklen_t length = sizeof fd;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &fd, &length) < 0) return -errno;
    return fd;
}

int32_t iommu_pipe(int32_t ends[2]) { ANSWER(pipe2(ends, O_CLOEXEC | O_NONBLOCK)); }

int32_t iommu_memfd_create(const char *name, uint32_t huge) {
    unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    if (huge == IOMMU_HUGE_2M) flags |= MFD_HUGETLB | MFD_HUGE_2MB;
    if (huge == IOMMU_HUGE_1G) flags |= MFD_HUGETLB | MFD_HUGE_1GB;
    int fd = memfd_create(name, flags | MFD_NOEXEC_SEAL);
    if (fd < 0 && errno == EINVAL) fd = memfd_create(name, flags); /* before Linux 6.3 */
    return fd < 0 ? -errno : fd;
}

int32_t iommu_add_seals(int32_t fd, uint32_t seals) { ANSWER(fcntl(fd, F_ADD_SEALS, (int)seals)); }

int32_t iommu_get_seals(int32_t fd) { ANSWER(fcntl(fd, F_GET_SEALS)); }

int32_t iommu_file_facts(int32_t fd, struct iommu_file_facts *facts) {
    struct stat status;
    struct statfs system;
    if (fstat(fd, &status) < 0 || fstatfs(fd, &system) < 0) return -errno;
    facts->device = status.st_dev;
    facts->inode = status.st_ino;
    facts->size = (uint64_t)status.st_size;
    facts->allocated = (uint64_t)status.st_blocks * 512;
    facts->block_size = (uint64_t)status.st_blksize;
    facts->changed_seconds = status.st_ctim.tv_sec;
    facts->changed_nanoseconds = status.st_ctim.tv_nsec;
    facts->mode = status.st_mode;
    facts->hugetlb = system.f_type == HUGETLBFS_MAGIC;
    return 0;
}

int32_t iommu_reopen(int32_t fd, int32_t writable) {
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ANSWER(open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK));
}

int32_t iommu_allocate(int32_t fd, uint64_t offset, uint64_t length) {
    ANSWER(fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)length));
}

int32_t iommu_punch_hole(int32_t fd, uint64_t offset, uint64_t length) {
    ANSWER(fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, (off_t)offset, (off_t)length));
}

int64_t iommu_seek_data(int32_t fd, uint64_t offset) {
    off_t found = lseek(fd, (off_t)offset, SEEK_DATA);
    return found < 0 ? -errno : found;
}

int64_t iommu_seek_hole(int32_t fd, uint64_t offset) {
    off_t found = lseek(fd, (off_t)offset, SEEK_HOLE);
    return found < 0 ? -errno : found;
}

int64_t iommu_pages_present(int32_t fd, uint64_t offset, uint64_t length) {
    struct {
        uint64_t offset, length;
    } range = {offset, length};
    struct {
        uint64_t cached, dirty, writeback, evicted, recently_evicted;
    } counts;
    if (syscall(SYS_cachestat, fd, &range, &counts, 0) < 0) return -errno;
    /* What was evicted from shared memory stands in swap. */
    return (int64_t)(counts.cached + counts.evicted);
}

int64_t iommu_pread_all(int32_t fd, void *to, uint64_t length, uint64_t offset) {
    uint64_t done = 0;
    while (done < length) {
        ssize_t got = pread(fd, (char *)to + done, length - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -errno;
        if (got == 0) break;
        done += (uint64_t)got;
    }
    return (int64_t)done;
}

int64_t iommu_pwrite_all(int32_t fd, const void *from, uint64_t length, uint64_t offset) {
    uint64_t done = 0;
    while (done < length) {
        ssize_t put = pwrite(fd, (const char *)from + done, length - done, (off_t)(offset + done));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return -errno;
        if (put == 0) break;
        done += (uint64_t)put;
    }
    return (int64_t)done;
}

int32_t iommu_check_process_memory(int32_t fd) {
    char link[32], text[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, text, sizeof text - 1);
    if (length < 0) return -errno;
    text[length] = 0;
    /* The process has ended, and its folder is gone. */
    char *deleted = strstr(text, " (deleted)");
    if (deleted) *deleted = 0;
    /* .../NUMBER/mem, wherever the caller's procfs is mounted. */
    char *name = strrchr(text, '/');
    if (!name || strcmp(name, "/mem") != 0) return -EINVAL;
    char *digit = name;
    while (digit > text && digit[-1] >= '0' && digit[-1] <= '9') digit--;
    if (digit == name || digit == text || digit[-1] != '/') return -EINVAL;
    struct statfs system;
    if (fstatfs(fd, &system) < 0) return -errno;
    return system.f_type == PROC_SUPER_MAGIC ? 0 : -EINVAL;
}

int32_t iommu_mlock(const void *base, uint64_t length) { ANSWER(mlock2(base, length, 0)); }

int32_t iommu_advise_huge(void *base, uint64_t length) { ANSWER(madvise(base, length, MADV_HUGEPAGE)); }

int64_t iommu_pagemap_read(int32_t pagemap, const void *base, uint64_t *entries, uint64_t count) {
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    int64_t got = iommu_pread_all(pagemap, entries, count * 8, (uintptr_t)base / page * 8);
    return got < 0 ? got : got / 8;
}

int32_t iommu_ring_create(uint32_t slots) {
    struct io_uring_params parameters;
    memset(&parameters, 0, sizeof parameters);
    int ring = (int)syscall(SYS_io_uring_setup, 1, &parameters); /* close-on-exec by itself */
    if (ring < 0) return -errno;
    struct io_uring_rsrc_register table;
    memset(&table, 0, sizeof table);
    table.nr = slots;
    /* The field after `nr` holds the flags; headers before Linux 5.19 name it otherwise. */
    ((uint32_t *)&table)[1] = IORING_RSRC_REGISTER_SPARSE;
    if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS2, &table, sizeof table) < 0) {
        int error = errno;
        close(ring);
        return -error;
    }
    return ring;
}

static int32_t update(int32_t ring, uint32_t first, const struct iovec *buffers, uint32_t count) {
    struct io_uring_rsrc_update2 change;
    uint64_t tags[64] = {0};
    memset(&change, 0, sizeof change);
    change.offset = first;
    change.data = (uintptr_t)buffers;
    change.tags = (uintptr_t)tags;
    change.nr = count;
    long done;
    do done = syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS_UPDATE, &change, sizeof change);
    while (done < 0 && errno == EINTR);
    return done < 0 ? -errno : (uint32_t)done == count ? 0 : -EIO;
}

int32_t iommu_ring_register(int32_t ring, uint32_t slot, void *base, uint64_t length) {
    struct iovec buffer = {base, length};
    return update(ring, slot, &buffer, 1);
}

int32_t iommu_ring_unregister(int32_t ring, uint32_t first, uint32_t count) {
    struct iovec empty[64];
    memset(empty, 0, sizeof empty);
    while (count > 0) {
        uint32_t now = count < 64 ? count : 64;
        int32_t status = update(ring, first, empty, now);
        if (status < 0) return status;
        first += now;
        count -= now;
    }
    return 0;
}

int32_t iommu_bind_to_processor(int32_t pid, uint32_t processor) {
    cpu_set_t set;
    if (processor >= CPU_SETSIZE) return -EINVAL;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    ANSWER(sched_setaffinity(pid, sizeof set, &set));
}

int32_t iommu_thread_id(void) { return (int32_t)syscall(SYS_gettid); }

void iommu_close_from(int32_t first) { closefrom(first); }
