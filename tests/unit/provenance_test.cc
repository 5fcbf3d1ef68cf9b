// Signed statements about what was built, and who refuses them.
#include "artifacts/provenance.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "artifacts/dsse.h"
#include "artifacts/sbom.h"
#include "base/digest.h"
#include "base/files.h"
#include "base/json.h"
#include "base/signing_key.h"
#include "cli/cli.h"
#include "support/temp_folder.h"

namespace planwright::provenance_test {
namespace {

using testing::HasSubstr;

Provenance provenance() {
  Provenance p;
  p.store = "6c4f";
  p.build = 17;
  p.plan = 9;
  p.input = 4;
  p.queue = "default";
  p.source = "folder";
  p.mode = "all";
  p.subjects = {{"dist/x.whl", Digest::of("wheel").text(), {}},
                {"b/out.txt", Digest::of("text").text(), {}}};
  p.inputFile = {"requirements.txt", Digest::of("flask").text(), {}};
  p.planDigest = Digest::of("plan").text();
  p.materials = {{"flask.tar.gz", Digest::of("sdist").text(), "https://example.org/flask.tar.gz"}};
  p.tools = {
      {"planner", "planwright.wheels", "1.0.0", Digest::of("p").text(), ""},
      {"builder", "planwright.command", "1.0.0", Digest::of("b").text(), Digest::of("{}").text()}};
  p.hostVersions = {"0.1.0"};
  p.startedOn = "2026-01-02T03:04:05.678Z";
  p.finishedOn = "2026-01-02T03:04:06.000Z";
  p.manifestDigest = Digest::of("manifest").text();
  p.openJobs = {"fetch"};
  return p;
}

class Signed : public testing::Test {
 protected:
  SigningKey keyAt(const std::string& name) { return *SigningKey::open(folder_.path() / name); }
  std::string file(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_.path() / name, std::ios::binary) << bytes;
    return (folder_.path() / name).string();
  }
  int verify(const std::string& artifact, const std::string& statement, const std::string& key) {
    std::ostringstream out, err;
    const int code = cli::run({"verify", artifact, "--statement", statement, "--key", key},
                              cli::Terminal{out, err, false, false, false});
    said_ = out.str() + err.str();
    return code;
  }
  TempFolder folder_;
  const SigningKey key_ = keyAt("signing.key");
  const std::string envelope_ = signedEnvelope(kInTotoType, statementJson(provenance()), key_);
  std::string said_;
};

TEST_F(Signed, TheKeyIsMadeOnceAndForItsOwnerOnly) {
  struct stat info {};
  ASSERT_EQ(::stat((folder_.path() / "signing.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_EQ(keyAt("signing.key").publicKey().id(), key_.publicKey().id());
  EXPECT_NE(keyAt("other.key").publicKey().id(), key_.publicKey().id());
  std::filesystem::permissions(folder_.path() / "signing.key", std::filesystem::perms{0644});
  const auto open = SigningKey::open(folder_.path() / "signing.key");
  ASSERT_FALSE(open);
  EXPECT_THAT(open.error().message, HasSubstr("chmod 600"));
  EXPECT_FALSE(SigningKey::open(file("no.key", "nonsense")));
}

TEST_F(Signed, WhatIsSignedIsTheEnvelopesEncoding) {
  EXPECT_EQ(preAuthEncoding("http://example.com/HelloWorld", "hello world"),
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  const auto payload = openEnvelope(envelope_, kInTotoType, key_.publicKey());
  ASSERT_TRUE(payload) << payload.error().message;
  EXPECT_EQ(*payload, statementJson(provenance()));
  EXPECT_FALSE(openEnvelope(envelope_, "text/plain", key_.publicKey()));
  for (const char* text : {"", "a", "ab", "abc", "abcd"})
    EXPECT_EQ(*fromBase64(toBase64(text)), text);
  EXPECT_FALSE(fromBase64("a==="));
  EXPECT_FALSE(fromBase64("ab=c"));
}

/// Another program checks the signature, over bytes that this test puts together itself.
TEST_F(Signed, OpensslAgreesWithTheSignature) {
  const auto document = parseJson(envelope_);
  const auto payload = fromBase64(textOr(*document, "payload"));
  const std::string type = textOr(*document, "payloadType");
  file("message", "DSSEv1 " + std::to_string(type.size()) + " " + type + " " +
                      std::to_string(payload->size()) + " " + *payload);
  file("signature", *fromBase64(textOr((*find(*document, "signatures"))[0], "sig")));
  file("key.pub", key_.publicKey().pem());
  const std::string command = fmt::format(
      "cd {} && openssl pkeyutl -verify -pubin -inkey key.pub -rawin -in message -sigfile "
      "signature > /dev/null 2>&1",
      folder_.path().string());
  EXPECT_EQ(std::system(command.c_str()), 0);
  std::ofstream(folder_.path() / "message", std::ios::app) << ' ';
  EXPECT_NE(std::system(command.c_str()), 0);
}

TEST_F(Signed, AStatementHasThePublishedShape) {
  const auto schema =
      JsonSchema::compile(readFile(SOURCE_DIR "/tests/fixtures/provenance/statement.schema.json"));
  ASSERT_TRUE(schema) << schema.error().message;
  auto one = provenance();
  one.job = "x";
  one.openJobs.clear();
  for (const auto& wanted : {provenance(), one}) {
    const auto statement = parseJson(statementJson(wanted));
    ASSERT_TRUE(statement) << statement.error().message;
    const auto valid = schema->validate(*statement);
    EXPECT_TRUE(valid) << valid.error().pointer << " " << valid.error().message;
  }
  EXPECT_FALSE(schema->validate(*parseJson(R"({"_type":"https://in-toto.io/Statement/v1"})")));
}

TEST_F(Signed, AnEnvelopeHasThePublishedShape) {
  const auto schema =
      JsonSchema::compile(readFile(SOURCE_DIR "/tests/fixtures/provenance/envelope.schema.json"));
  ASSERT_TRUE(schema) << schema.error().message;
  const auto valid = schema->validate(*parseJson(envelope_));
  EXPECT_TRUE(valid) << valid.error().pointer << " " << valid.error().message;
  EXPECT_FALSE(schema->validate(*parseJson(R"({"payload":"e30=","signatures":[]})")));
}

/// Hosts of one build may run with different builders while one is replaced.
TEST(Statement, NamesEveryBuilderThatTookPart) {
  auto p = provenance();
  p.tools.push_back({"builder", "planwright.command", "1.1.0", Digest::of("b2").text(), ""});
  const auto statement = parseJson(statementJson(p));
  const JsonValue& made = *find(*find(*statement, "predicate"), "buildDefinition");
  const JsonValue& tools = *find(*find(made, "internalParameters"), "tools");
  ASSERT_EQ(tools.Size(), 3U);
  EXPECT_EQ(textOr(tools[1], "version"), "1.0.0");
  EXPECT_EQ(textOr(tools[2], "version"), "1.1.0");
}

TEST_F(Signed, VerifySaysWhatIsGoodAndThatMaterialsAreIncomplete) {
  const std::string key = file("key.pub", key_.publicKey().pem());
  const std::string statement = file("statement", envelope_);
  EXPECT_EQ(verify(file("x.whl", "wheel"), statement, key), 0) << said_;
  EXPECT_THAT(said_, HasSubstr("x.whl: good"));
  EXPECT_THAT(said_, HasSubstr("urn:planwright:6c4f:build:17"));
  EXPECT_THAT(said_, HasSubstr("materials  incomplete"));
  EXPECT_EQ(verify(file("renamed", "wheel"), statement, key), 0) << "bytes count, not names";
  const std::string both =
      file("both.pub", keyAt("other.key").publicKey().pem() + key_.publicKey().pem());
  EXPECT_EQ(verify(file("x.whl", "wheel"), statement, both), 0) << said_;
}

TEST_F(Signed, VerifyRefusesWhatWasChanged) {
  const std::string key = file("key.pub", key_.publicKey().pem());
  const std::string statement = file("statement", envelope_);
  EXPECT_EQ(verify(file("x.whl", "Wheel"), statement, key), 1);
  EXPECT_THAT(said_, HasSubstr("x.whl is not what was built"));
  EXPECT_EQ(verify(file("y.whl", "Wheel"), statement, key), 1);
  EXPECT_THAT(said_, HasSubstr("says nothing of y.whl"));

  auto forged = provenance();
  forged.subjects[0].digest = Digest::of("Wheel").text();
  const auto document = parseJson(envelope_);
  std::string changed = envelope_;
  const std::string payload = textOr(*document, "payload");
  changed.replace(changed.find(payload), payload.size(), toBase64(statementJson(forged)));
  EXPECT_EQ(verify(file("x.whl", "Wheel"), file("changed", changed), key), 1);
  EXPECT_THAT(said_, HasSubstr("was changed after it was signed"));

  const std::string other = file("other.pub", keyAt("other.key").publicKey().pem());
  EXPECT_EQ(verify(file("x.whl", "wheel"), statement, other), 1);
  EXPECT_THAT(said_, HasSubstr("signed with another key"));
}

TEST_F(Signed, VerifyTellsWrongUseFromRefusal) {
  const std::string key = file("key.pub", key_.publicKey().pem());
  const std::string statement = file("statement", envelope_);
  const std::string wheel = file("x.whl", "wheel");
  EXPECT_EQ(verify((folder_.path() / "none").string(), statement, key), 3);
  EXPECT_EQ(verify(wheel, (folder_.path() / "none").string(), key), 3);
  EXPECT_EQ(verify(wheel, statement, file("bad.pub", "no key")), 2);
  EXPECT_EQ(verify(wheel, statement, (folder_.path() / "signing.key").string()), 2);
  EXPECT_THAT(said_, HasSubstr("private key"));
  EXPECT_EQ(verify(wheel, file("bad", "{}"), key), 1);
  EXPECT_THAT(said_, HasSubstr("not a DSSE envelope"));
}

TEST(Sbom, NamesEveryWheelOfABuild) {
  auto component = wheelComponent("dist/Foo_Bar-1.0+local.1-cp311-cp311-linux_x86_64.whl",
                                  Digest::of("wheel").text());
  ASSERT_TRUE(component);
  EXPECT_EQ(component->name, "foo-bar");
  EXPECT_EQ(component->version, "1.0+local.1");
  EXPECT_TRUE(wheelComponent("a-1-2build-py3-none-any.whl", Digest::of("x").text()));
  EXPECT_FALSE(wheelComponent("a-1.tar.gz", Digest::of("x").text()));
  EXPECT_FALSE(wheelComponent("a-1.whl", Digest::of("x").text()));
  component->sourceUrl = "https://example.org/foo.tar.gz";
  const auto document = parseJson(sbomJson(provenance(), {*component}));
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ(textOr(*document, "bomFormat"), "CycloneDX");
  EXPECT_EQ(textOr(*document, "specVersion"), "1.5");
  EXPECT_THAT(textOr(*document, "serialNumber"),
              testing::MatchesRegex(
                  "urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}"));
  const JsonValue& first = (*find(*document, "components"))[0];
  EXPECT_EQ(textOr(first, "purl"), "pkg:pypi/foo-bar@1.0%2Blocal.1");
  EXPECT_EQ(textOr(*find(*find(*document, "metadata"), "component"), "name"), "requirements.txt");
  const JsonValue& root = (*find(*document, "dependencies"))[0];
  EXPECT_STREQ((*find(root, "dependsOn"))[0].GetString(), textOr(first, "bom-ref").c_str());
}

}  // namespace
}  // namespace planwright::provenance_test
