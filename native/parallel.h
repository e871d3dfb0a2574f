// Splitting a range over threads that end before the call does.
#pragma once

#include <algorithm>
#include <cstddef>
#include <thread>
#include <vector>

// Calls work(begin, end) on up to `threads` parts of 0…count, each of at least `grain`; the last part runs here.
// Parts begin at multiples of `align`.
template <class Work>
void parallelFor(size_t count, size_t grain, size_t threads, size_t align, Work work) {
  const size_t parts = std::max<size_t>(1, std::min(threads, count / std::max<size_t>(grain, 1)));
  if (parts == 1) {
    if (count > 0) work(size_t{0}, count);
    return;
  }
  const size_t each = (count / parts + align - 1) / align * align;
  std::vector<std::thread> running;
  size_t begin = 0;
  for (size_t part = 0; part + 1 < parts && begin + each < count; part++, begin += each)
    running.emplace_back(work, begin, begin + each);
  work(begin, count);
  for (std::thread& thread : running) thread.join();
}
