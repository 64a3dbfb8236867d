/* SPDX-License-Identifier: Apache-2.0 */
#include "clinux.h"

#include <stdatomic.h>
#include <string.h>

/* Eight tables, so that eight bytes are done in one step: table[k][b] is the checksum of byte b with k zero bytes
   behind it. */
static uint32_t table[8][256];

__attribute__((constructor)) static void make_table(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t value = byte;
        for (int bit = 0; bit < 8; bit++) value = value >> 1 ^ (value & 1 ? 0x82f63b78u : 0);
        table[0][byte] = value;
    }
    for (uint32_t byte = 0; byte < 256; byte++)
        for (int more = 1; more < 8; more++)
            table[more][byte] = table[more - 1][byte] >> 8 ^ table[0][table[more - 1][byte] & 255];
}

uint32_t iommu_crc32c(uint32_t before, const void *bytes, uint64_t length) {
    const unsigned char *at = bytes;
    uint32_t value = ~before;
    for (; length >= 8; length -= 8, at += 8) {
        uint32_t low, high;
        memcpy(&low, at, 4);
        memcpy(&high, at + 4, 4);
        low ^= value;
        value = table[7][low & 255] ^ table[6][low >> 8 & 255] ^ table[5][low >> 16 & 255] ^ table[4][low >> 24]
            ^ table[3][high & 255] ^ table[2][high >> 8 & 255] ^ table[1][high >> 16 & 255] ^ table[0][high >> 24];
    }
    for (; length > 0; length--, at++) value = value >> 8 ^ table[0][(value ^ *at) & 255];
    return ~value;
}

void iommu_store_last(uint64_t *at, uint64_t value) {
    atomic_store_explicit((_Atomic uint64_t *)at, value, memory_order_release);
}
