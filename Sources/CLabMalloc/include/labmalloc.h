// SPDX-License-Identifier: Apache-2.0
//
// Counts the heap. A program that links this has malloc and its relatives replaced: each allocation remembers its
// size and in whose name it was made, so that the lab can tell the engine's bytes from everybody else's.
// Made for a program whose allocations come from one thread at a time.

#ifndef IOMMUD_LABMALLOC_H
#define IOMMUD_LABMALLOC_H

#include <stdint.h>

enum { LAB_OWNER_OTHER = 0, LAB_OWNER_ENGINE = 1 };

// Whether the heap is counted: not in a build with a sanitizer, which replaces malloc itself.
int lab_heap_is_counted(void);

// From here on allocations are made in the name of `owner`; answers who it was before.
int lab_heap_set_owner(int owner);

// Bytes that were asked for in the name of `owner` and are not freed yet.
int64_t lab_heap_bytes(int owner);

// From here on freed memory stays with the process, so that repeated runs do not measure how the kernel clears pages.
void lab_heap_keep_freed(void);

#endif
