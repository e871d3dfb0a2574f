// Copying between files inside the kernel: src-main/kernels/copy-range.ts.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__linux__)
#include <unistd.h>

#include <cerrno>
#endif

// Copies up to `length` bytes between two open files and says how many it did. Where it stops early, the source has
// ended or a plain read or write will tell the reason: another disk or kernel, no room left, an error of the disk.
inline size_t copyPages(int source, int64_t from, int target, int64_t to, size_t length) {
  size_t done = 0;
#if defined(__linux__)
  // The kernel moves pages; where they would have to be cut, a copy through memory is quicker.
  constexpr int64_t page = 4096;
  if ((from - to) % page != 0) return 0;
  while (done < length) {
    off64_t readAt = from + static_cast<int64_t>(done);
    off64_t writeAt = to + static_cast<int64_t>(done);
    const ssize_t copied = copy_file_range(source, &readAt, target, &writeAt, length - done, 0);
    if (copied < 0 && errno == EINTR) continue;
    if (copied <= 0) break;
    done += static_cast<size_t>(copied);
  }
#else
  (void)source, (void)from, (void)target, (void)to, (void)length;
#endif
  return done;
}
