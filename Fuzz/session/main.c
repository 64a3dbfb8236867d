/* SPDX-License-Identifier: Apache-2.0 */
#include "../replay.h"

int32_t iommu_fuzz_session(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) { return iommu_fuzz_session(bytes, count); }
