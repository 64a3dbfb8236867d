// SPDX-License-Identifier: Apache-2.0

import CLinux
import CSystemd
import Glibc

/// What the process is before the daemon is made: to be called first, while there is one thread.
package enum ProcessSetup {
  /// Closes descriptors that nobody meant to hand over, and leaves the signals that end the daemon to its loop.
  package static func prepare() {
    for standard in STDIN_FILENO...STDERR_FILENO where fcntl(standard, F_GETFD) < 0 {
      // The lowest free number is this one. A file of ours must never come to stand there.
      _ = unsafe open("/dev/null", O_RDWR)
    }
    let handedOver = max(0, sd_listen_fds(0))
    iommu_close_from(Int32(SD_LISTEN_FDS_START) + handedOver)

    var ending = sigset_t()
    _ = unsafe sigemptyset(&ending)
    _ = unsafe sigaddset(&ending, SIGTERM)
    _ = unsafe sigaddset(&ending, SIGINT)
    _ = unsafe pthread_sigmask(SIG_BLOCK, &ending, nil)
    // A client that goes away is no reason to end.
    _ = signal(SIGPIPE, SIG_IGN)
    // Nor is a trace that may not grow.
    _ = signal(SIGXFSZ, SIG_IGN)
  }
}
