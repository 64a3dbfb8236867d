/* SPDX-License-Identifier: Apache-2.0 */
#include "clinux.h"
#include <errno.h>
#include <sys/eventfd.h>

int32_t iommu_eventfd(uint32_t initial, int32_t flags) {
    int fd = eventfd(initial, flags);
    return fd < 0 ? -errno : fd;
}
