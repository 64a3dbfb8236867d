/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

/* What Swift's Glibc module lacks; each function answers -errno on failure. */
int32_t iommu_eventfd(uint32_t initial, int32_t flags);
