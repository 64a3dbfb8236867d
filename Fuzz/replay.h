/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

#ifndef FUZZ
/* Runs every file of the folders named, so that what a fuzzer found once is looked at in every build. */
static int replay_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return -1;
    }
    static uint8_t buffer[4 << 20];
    size_t count = fread(buffer, 1, sizeof buffer, file);
    fclose(file);
    /* A copy of just the size: the address sanitizer sees what reads beyond it. */
    uint8_t *copy = malloc(count ? count : 1);
    if (!copy)
        return -1;
    for (size_t i = 0; i < count; i++)
        copy[i] = buffer[i];
    LLVMFuzzerTestOneInput(copy, count);
    free(copy);
    return 0;
}

int main(int argc, char **argv) {
    int files = 0;
    if (argc < 2) {
        fprintf(stderr, "usage: %s FOLDER...\n", argv[0]);
        return 64;
    }
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        if (!folder) {
            perror(argv[i]);
            return 1;
        }
        for (struct dirent *entry; (entry = readdir(folder));) {
            char path[4096];
            if (entry->d_name[0] == '.')
                continue;
            snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
            if (replay_file(path) < 0)
                return 1;
            files++;
        }
        closedir(folder);
    }
    printf("%d inputs replayed\n", files);
    return files > 0 ? 0 : 1;
}
#endif
