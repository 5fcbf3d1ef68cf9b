#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace planwright {

/// An Ed25519 public key (RFC 8032). A value. [any thread]
class PublicKey {
 public:
  /// PEM as `openssl pkey -pubout` writes it. Invalid says what it is instead.
  static Result<PublicKey> fromPem(std::string_view pem);
  std::string pem() const;
  /// "sha256:<hex>" of its DER form: short enough to compare by eye.
  const std::string& id() const { return id_; }
  bool verifies(std::string_view message, std::string_view signature) const;

 private:
  friend class SigningKey;
  struct State;
  explicit PublicKey(std::shared_ptr<const State> state);
  std::shared_ptr<const State> state_;
  std::string id_;
};

/// An Ed25519 key pair. Signing is deterministic and takes some 50 us. [any thread]
class SigningKey {
 public:
  /// The key in that file (PEM, PKCS 8), made with mode 0600 if there is none; of several hosts
  /// that make one at the same moment one wins. Invalid: no such key, or others may read it.
  static Result<SigningKey> open(const std::filesystem::path& file);
  /// The same, but none is made.
  static Result<SigningKey> read(const std::filesystem::path& file);
  /// A new key in place of the one in that file. Throws std::system_error.
  static SigningKey replace(const std::filesystem::path& file);
  std::string sign(std::string_view message) const;
  const PublicKey& publicKey() const { return publicKey_; }

 private:
  explicit SigningKey(PublicKey publicKey) : publicKey_(std::move(publicKey)) {}
  PublicKey publicKey_;  ///< its state holds the private half as well
};

/// Where the key of a host is: PLANWRIGHT_SIGNING_KEY, such as where systemd puts credentials, or
/// `signing.key` in its data folder.
std::filesystem::path signingKeyFile(const std::filesystem::path& dataFolder);

std::string toBase64(std::string_view bytes);
/// Standard or URL-safe alphabet, with padding. Invalid otherwise.
Result<std::string> fromBase64(std::string_view text);

}  // namespace planwright
