// SPDX-License-Identifier: Apache-2.0

#include "labmalloc.h"

#include <errno.h>
#include <malloc.h>
#include <stddef.h>
#include <string.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif

static int owner_now;
static int64_t live[2];

int lab_heap_set_owner(int owner) {
  int before = owner_now;
  owner_now = owner;
  return before;
}

void lab_heap_keep_freed(void) {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 64 << 20);
}

int64_t lab_heap_bytes(int owner) { return live[owner]; }

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer) || \
    __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)

int lab_heap_is_counted(void) { return 0; }

#else

int lab_heap_is_counted(void) { return 1; }

// What glibc's own entry points are called below the names that are replaced here.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *pointer, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *pointer);

// Stands right before each allocation. 16 bytes, so that what follows keeps malloc's alignment.
struct header {
  uint64_t size_and_owner;
  char *base;
};

_Static_assert(sizeof(struct header) == 16, "the header keeps the alignment of malloc");

static struct header *header_of(void *pointer) { return (struct header *)pointer - 1; }

static void *enter(char *base, size_t skip, size_t size) {
  if (base == NULL) return NULL;
  struct header *header = (struct header *)(base + skip) - 1;
  header->size_and_owner = (uint64_t)size << 1 | (uint64_t)owner_now;
  header->base = base;
  live[owner_now] += (int64_t)size;
  return header + 1;
}

static void leave(struct header *header) {
  live[header->size_and_owner & 1] -= (int64_t)(header->size_and_owner >> 1);
}

static int too_large(size_t size, size_t more) {
  if (size <= (size_t)PTRDIFF_MAX - more) return 0;
  errno = ENOMEM;
  return 1;
}

void *malloc(size_t size) {
  if (too_large(size, sizeof(struct header))) return NULL;
  return enter(__libc_malloc(size + sizeof(struct header)), sizeof(struct header), size);
}

void *calloc(size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return NULL;
  }
  if (too_large(bytes, sizeof(struct header))) return NULL;
  return enter(__libc_calloc(1, bytes + sizeof(struct header)), sizeof(struct header), bytes);
}

void free(void *pointer) {
  if (pointer == NULL) return;
  struct header *header = header_of(pointer);
  leave(header);
  __libc_free(header->base);
}

static void *aligned(size_t alignment, size_t size) {
  if (alignment <= sizeof(struct header)) return malloc(size);
  if (too_large(size, alignment)) return NULL;
  return enter(__libc_memalign(alignment, size + alignment), alignment, size);
}

void *realloc(void *pointer, size_t size) {
  if (pointer == NULL) return malloc(size);
  if (size == 0) {
    free(pointer);
    return NULL;
  }
  struct header *header = header_of(pointer);
  size_t old = header->size_and_owner >> 1;
  if (header->base == (char *)header) {
    if (too_large(size, sizeof(struct header))) return NULL;
    struct header before = *header;
    char *base = __libc_realloc(header->base, size + sizeof(struct header));
    if (base == NULL) return NULL;
    leave(&before);
    return enter(base, sizeof(struct header), size);
  }
  void *moved = malloc(size);
  if (moved == NULL) return NULL;
  memcpy(moved, pointer, old < size ? old : size);
  free(pointer);
  return moved;
}

void *memalign(size_t alignment, size_t size) { return aligned(alignment, size); }
void *aligned_alloc(size_t alignment, size_t size) { return aligned(alignment, size); }
void *valloc(size_t size) { return aligned(4096, size); }
void *pvalloc(size_t size) { return aligned(4096, (size + 4095) & ~(size_t)4095); }

int posix_memalign(void **result, size_t alignment, size_t size) {
  if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0) return EINVAL;
  void *pointer = aligned(alignment, size);
  if (pointer == NULL) return ENOMEM;
  *result = pointer;
  return 0;
}

size_t malloc_usable_size(void *pointer) {
  return pointer == NULL ? 0 : (size_t)(header_of(pointer)->size_and_owner >> 1);
}

#endif
