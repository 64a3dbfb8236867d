/* SPDX-License-Identifier: Apache-2.0 */
#include "guarded.h"
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <ucontext.h>

/* The range that this thread copies to or from right now; first > last when it copies nothing. The handler reads
   it, so it lies in memory that needs no call to reach. */
struct guard {
    volatile uintptr_t first, last;
    jmp_buf resume;
};
static __thread struct guard guard __attribute__((tls_model("initial-exec"))) = {.first = 1, .last = 0};

static struct sigaction previous_bus, previous_segv;

static void chain(int signal_number, siginfo_t *info, void *context) {
    const struct sigaction *previous = signal_number == SIGBUS ? &previous_bus : &previous_segv;
    if (previous->sa_flags & SA_SIGINFO) {
        previous->sa_sigaction(signal_number, info, context);
    } else if (previous->sa_handler != SIG_DFL && previous->sa_handler != SIG_IGN) {
        previous->sa_handler(signal_number);
    } else if (previous->sa_handler == SIG_DFL || info->si_code > 0) {
        /* A fault cannot be ignored: with the default action back, returning to it ends the process. One that was
           sent does not come again by itself. */
        signal(signal_number, SIG_DFL);
        if (info->si_code <= 0) raise(signal_number);
    }
}

static void handle(int signal_number, siginfo_t *info, void *context) {
    int saved = errno;
    uintptr_t address = (uintptr_t)info->si_addr;
    /* Codes above 0 come from the kernel; anybody may send the others. */
    if (info->si_code > 0 && address >= guard.first && address <= guard.last) {
        guard.first = 1;
        guard.last = 0;
        /* The jump leaves the handler by itself, so the signals blocked in it come back by hand: cheaper than a
           setjmp that saves them before each copy. */
        pthread_sigmask(SIG_SETMASK, &((const ucontext_t *)context)->uc_sigmask, NULL);
        _longjmp(guard.resume, 1);
    }
    chain(signal_number, info, context);
    errno = saved;
}

static void install(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handle;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &previous_bus);
    sigaction(SIGSEGV, &action, &previous_segv);
}

static int32_t copy(void *to, const void *from, const void *client, uint64_t length) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (length == 0) return 0;
    pthread_once(&once, install);
    if (_setjmp(guard.resume) != 0) return -EFAULT;
    /* `last` comes before `first`: until then the range is empty. */
    guard.last = (uintptr_t)client + (length - 1);
    guard.first = (uintptr_t)client;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    memcpy(to, from, length);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    guard.first = 1;
    guard.last = 0;
    return 0;
}

int32_t iommu_copy_from_client(void *to, const void *client, uint64_t length) {
    return copy(to, client, client, length);
}

int32_t iommu_copy_to_client(void *client, const void *from, uint64_t length) {
    return copy(client, from, client, length);
}
