#include <gmock/gmock.h>

#include "cli/client.h"

namespace planwright::cli {
namespace {

TEST(EventLines, GivesEachEventOnceHoweverTheBytesArrive) {
  const std::string stream =
      ": heartbeat\nretry: 1000\n\nid: 1-2-3\ndata: {\"a\":1}\n\nid: 1-2-4\r\ndata: "
      "x\r\ndata:y\r\n\r\nid: 1-2-5\ndata: half";
  for (std::size_t cut = 1; cut <= stream.size(); ++cut) {
    std::vector<std::string> seen;
    EventLines lines(
        [&](const std::string& id, const std::string& data) { seen.push_back(id + " " + data); });
    for (std::size_t at = 0; at < stream.size(); at += cut) lines.feed(stream.substr(at, cut));
    EXPECT_THAT(seen, testing::ElementsAre("1-2-3 {\"a\":1}", "1-2-4 x\ny"));
    EXPECT_EQ(lines.lastId(), "1-2-4") << "half an event does not count";
  }
}

}  // namespace
}  // namespace planwright::cli
