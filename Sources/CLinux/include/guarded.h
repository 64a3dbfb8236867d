/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

/* Copies between this process's own memory and a mapping of somebody else's file. A fault inside the mapping
   (the file was truncated, its memory could not be had) ends the copy with -EFAULT instead of the process; how
   much was copied until then is not known. A fault anywhere else goes to whoever handled SIGBUS and SIGSEGV
   before the first copy. Any thread, several at a time. */
int32_t iommu_copy_from_client(void *to, const void *client, uint64_t length);
int32_t iommu_copy_to_client(void *client, const void *from, uint64_t length);
