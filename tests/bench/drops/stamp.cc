#include <cstdio>
#include <ctime>

#include <fcntl.h>
#include <unistd.h>

/// stamp FIFO: writes the time of its own start (CLOCK_MONOTONIC, nanoseconds) into the fifo. It
/// stands for the command of a job and is linked statically, so that nearly nothing of the measured
/// time is its own.
int main(int, char** argv) {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  char line[32];
  const int length =
      std::snprintf(line, sizeof line, "%lld\n",
                    static_cast<long long>(now.tv_sec) * 1'000'000'000 + now.tv_nsec);
  const int fifo = open(argv[1], O_WRONLY | O_NONBLOCK);
  return write(fifo, line, static_cast<size_t>(length)) == length ? 0 : 1;
}
