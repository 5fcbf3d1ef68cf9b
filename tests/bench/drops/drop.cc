#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <random>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace {

constexpr int kPatienceMs = 10'000;  // a drop that starts nothing for so long is lost

long long nowNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<long long>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

/// Writes the file in place and gives the time just before it is closed: the moment from which a
/// watcher can know.
long long writeAndClose(const std::string& path, const std::string& content) {
  const int file = open(path.c_str(), O_CREAT | O_WRONLY | O_EXCL, 0644);
  if (file < 0 ||
      write(file, content.data(), content.size()) != static_cast<ssize_t>(content.size())) {
    std::perror(path.c_str());
    std::exit(1);
  }
  const long long closedAt = nowNs();
  close(file);
  return closedAt;
}

/// The stamp that the started program wrote, or -1.
long long nextStamp(int fifo) {
  pollfd ready{fifo, POLLIN, 0};
  if (poll(&ready, 1, kPatienceMs) != 1) return -1;
  char line[64] = {};
  return read(fifo, line, sizeof line - 1) > 0 ? std::atoll(line) : -1;
}

}  // namespace

/// drop FOLDER SUFFIX CONTENT_FILE FIFO COUNT PAUSE_MS: writes COUNT files one at a time, the
/// number of the drop in place of each @ in the content, and waits for the stamp of the program
/// that each starts. The pauses are random around PAUSE_MS. Prints one latency per line in
/// milliseconds; "lost" for a drop that started nothing.
int main(int argc, char** argv) {
  if (argc != 7) return 2;
  const std::string folder = argv[1], suffix = argv[2];
  std::ifstream in(argv[3]);
  const std::string pattern{std::istreambuf_iterator<char>(in), {}};
  const int fifo = open(argv[4], O_RDWR | O_NONBLOCK);
  const int count = std::atoi(argv[5]), pauseMs = std::atoi(argv[6]);
  std::minstd_rand random(7);
  std::uniform_int_distribution<int> pauseUs(pauseMs * 750, pauseMs * 1250);
  for (int i = 0; i < count; ++i) {
    std::string content;
    for (const char c : pattern) content += c == '@' ? std::to_string(i) : std::string(1, c);
    const long long closedAt =
        writeAndClose(folder + "/drop-" + std::to_string(i) + suffix, content);
    const long long startedAt = nextStamp(fifo);
    if (startedAt < 0) {
      std::cout << "lost\n";
    } else {
      std::cout << static_cast<double>(startedAt - closedAt) / 1e6 << "\n";
    }
    usleep(static_cast<useconds_t>(pauseUs(random)));
  }
}
