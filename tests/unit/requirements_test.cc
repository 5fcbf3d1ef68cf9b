#include "planner_wheels/requirements.h"

#include <string>

#include <gmock/gmock.h>

#include "planwright/plugin.hpp"

namespace wheels {
namespace {

using testing::HasSubstr;

std::string checked(const std::string& text, const AllowedRequests& allowed = {}) {
  return checkedRequirements("requirements.txt", text, allowed);
}

/// The reason for which a file is refused; empty = it is not.
std::string refusal(const std::string& text, const AllowedRequests& allowed = {}) {
  try {
    checked(text, allowed);
    return {};
  } catch (const pw::Stop& stop) {
    return stop.message;
  }
}

TEST(Requirements, ProjectsPassAndKeepTheirLines) {
  EXPECT_EQ(checked("six\n"), "six\n");
  EXPECT_EQ(
      checked("# two \xC3\xA4\n\nsix>=1 # why\r\nidna[all]==3.4 ; python_version < \"4/5\"\n"),
      "\n\nsix>=1\nidna[all]==3.4 ; python_version < \"4/5\"\n");
  EXPECT_EQ(checked("six==1.16 \\\n    --hash=sha256:ab \\\n\t--hash=sha256:cd\nidna"),
            "six==1.16     --hash=sha256:ab  --hash=sha256:cd\n\n\nidna\n");
  EXPECT_EQ(checked("\xEF\xBB\xBFsix"), "six\n") << "a byte order mark";
  for (const char* good :
       {"--pre", "--only-binary :all:", "--require-hashes", "--no-binary=numpy,scipy",
        "six @ https://example.org/six-1.0.tar.gz#sha256=ab",
        "https://user:pw@example.org:80/a.whl", "six#not-a-comment", "six # -r /etc/shadow"})
    EXPECT_EQ(refusal(good), "") << good;
}

TEST(Requirements, WhatReadsFetchesOrRunsIsRefusedUnlessItsKindIsAllowed) {
  const std::pair<const char*, const char*> requests[] = {
      {"-r /etc/shadow", "include"},
      {"-r/etc/shadow", "include"},
      {"--requirement=/dev/zero", "include"},
      {"six -r /etc/shadow", "include"},
      {"\t -r /etc/shadow", "include"},
      {"\\\n-r /etc/shadow", "include"},
      {"-\\\nr /etc/shadow", "include"},
      {"-c /proc/self/environ", "constraint"},
      {"--constraint /proc/self/environ", "constraint"},
      {"-f /srv", "find-links"},
      {"--find-links=/srv", "find-links"},
      {"-i http://evil", "index-url"},
      {"--index-url http://evil", "index-url"},
      {"--extra-index-url=http://evil", "index-url"},
      {"--trusted-host evil", "trusted-host"},
      {"-e .", "editable"},
      {"--editable=git+https://evil/x", "editable"},
      {"file:///srv/six-1.0.tar.gz", "file"},
      {"six @ FILE:///srv/six-1.0.tar.gz", "file"},
      {"./six", "file"},
      {"~/six", "file"},
      {"/srv/six", "file"},
      {"sub/six", "file"},
      {"six-1.0.tar.gz", "file"},
      {"six-1.0.WHL[extra]", "file"},
      {"git+https://example.org/six", "vcs"},
      {"six@git+file:///srv/six", "vcs"},
      {"six @ hg+ssh://example.org/six", "vcs"},
      {"https://${TOKEN}@example.org/six.whl", "variable"},
      {"${HOME}", "variable"}};
  for (const auto& [line, kind] : requests) {
    const std::string why = refusal(std::string("idna\n") + line);
    EXPECT_THAT(why, HasSubstr("requirements.txt, line 2:")) << line;
    EXPECT_THAT(why, HasSubstr("allow: [" + std::string(kind) + "]")) << line;
    EXPECT_EQ(refusal(line, {kind}), "") << line;
  }
}

TEST(Requirements, OtherOptionsAndSchemesAreRefusedWhateverIsAllowed) {
  const AllowedRequests all = {"include",  "constraint", "find-links", "index-url", "trusted-host",
                               "editable", "file",       "vcs",        "variable"};
  for (const char* line :
       {"--req /etc/shadow", "--find /srv", "six --global-option=x", "--use-feature=2020-resolver",
        "six --config-settings x=y", "--", "-x", "ftp://example.org/six.tar.gz",
        "svn://example.org", "--hash='sha256:ab'", "--pre\\\"x"})
    EXPECT_THAT(refusal(line, all), HasSubstr("line 1:")) << line;
}

TEST(Requirements, WhatPipWouldReadInAnotherWayIsRefused) {
  EXPECT_THAT(refusal("idna\ncaf\xE9\n"), HasSubstr("line 2: byte 4 of line 2 is not UTF-8"));
  EXPECT_THAT(refusal("\xFF\xFEs\0i\0x\0"), HasSubstr("is not UTF-8"));
  for (const std::string line :
       {"six\x0C-r /etc/shadow", "six\r-r /etc/shadow", "\xC2\xA0-r /etc/shadow",
        "six\xE2\x80\xA8-r /etc/shadow", "six\xC2\x85-r x", "six\x1E-r x", "\xE3\x80\x80-e ."})
    EXPECT_THAT(refusal(line), HasSubstr("line 1:")) << line;
  EXPECT_EQ(checked("# six\x0C-r /etc/shadow"), "\n") << "a comment is not handed on";
  EXPECT_EQ(checked("# coding: utf-7\n+AC0-r x # +AC0"), "\n+AC0-r x\n")
      << "pip never sees the comment that would make it decode this";
}

/// It joins nothing here, but did once the comment or the space behind it was gone.
TEST(Requirements, ABackslashInTheLineJoinsNothing) {
  for (const char* text :
       {"foo @ git+\\ # x\nhttps://evil.example/x.git", "foo @ git+\\ \nhttps://evil.example/x.git",
        "foo @ git+\\\t\nhttps://evil.example/x", "foo @ git+\\\\ # x\nhttps://evil.example/x",
        "foo @ fi\\ \nle:///srv/x.zip", "idna \\\n$\\ # x\n{HOME}", "x\\ \\\n\n/srv/x",
        "idna\n\\ # x\n -r /etc/shadow"})
    EXPECT_THAT(refusal(text), HasSubstr("a backslash is not the last character")) << text;
  EXPECT_EQ(checked("foo\\\n # x\nidna\\"), "foo\n\nidna\n");
}

TEST(Requirements, ALongFileIsRefusedAndALongLineIsRead) {
  EXPECT_NO_THROW(refuseLarge("requirements.txt", std::size_t{1} << 20));
  EXPECT_THROW(refuseLarge("requirements.txt", (std::size_t{1} << 20) + 1), pw::Stop);
  EXPECT_EQ(checked(std::string(1'000'000, 'a')).size(), 1'000'001U);
  EXPECT_EQ(checked(std::string(300'000, '\n')).size(), 300'000U);
}

}  // namespace
}  // namespace wheels
