#include "base/signing_key.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/files.h"
#include "base/unique_fd.h"

namespace planwright {
namespace {

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;
using Bio = std::unique_ptr<BIO, FreeBio>;

const unsigned char* unsignedBytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

[[noreturn]] void broken() {
  throw std::runtime_error("OpenSSL cannot work with Ed25519 keys");
}

std::string textOf(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string privatePem(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    broken();
  return textOf(bio);
}

/// A new key in a file that only its owner reads. link() decides when two hosts come at once.
void makeKey(const std::filesystem::path& file, bool isReplacing) {
  const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  if (!key) broken();
  std::string temp = file.string() + ".XXXXXX";
  const UniqueFd fd(::mkostemp(temp.data(), O_CLOEXEC));  // 0600
  if (!fd) throw std::system_error(errno, std::generic_category(), "cannot write " + temp);
  writeAll(fd.get(), privatePem(key.get()));
  bool isDone = ::fsync(fd.get()) == 0;
  if (isDone && isReplacing)
    isDone = ::rename(temp.c_str(), file.c_str()) == 0;
  else if (isDone)
    isDone = ::link(temp.c_str(), file.c_str()) == 0 || errno == EEXIST;
  const int problem = errno;
  ::unlink(temp.c_str());
  if (!isDone)
    throw std::system_error(problem, std::generic_category(), "cannot write " + file.string());
}

}  // namespace

struct PublicKey::State {
  Key key;
};

PublicKey::PublicKey(std::shared_ptr<const State> state) : state_(std::move(state)) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(state_->key.get(), &der);
  if (size <= 0) broken();
  id_ = Digest::of({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)}).text();
  OPENSSL_free(der);
}

Result<PublicKey> PublicKey::fromPem(std::string_view pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Key key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (!key)
    return invalid(pem.find("PRIVATE KEY") == std::string_view::npos
                       ? "It is no public key in PEM form (-----BEGIN PUBLIC KEY-----)."
                       : "It is a private key; the public one is needed.");
  if (EVP_PKEY_id(key.get()) != EVP_PKEY_ED25519) return invalid("It is no Ed25519 key.");
  return PublicKey(std::make_shared<const State>(State{std::move(key)}));
}

std::string PublicKey::pem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PUBKEY(bio.get(), state_->key.get()) != 1) broken();
  return textOf(bio);
}

bool PublicKey::verifies(std::string_view message, std::string_view signature) const {
  const Context context(EVP_MD_CTX_new());
  if (EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, state_->key.get()) != 1)
    broken();
  const int result = EVP_DigestVerify(context.get(), unsignedBytes(signature), signature.size(),
                                      unsignedBytes(message), message.size());
  ERR_clear_error();
  return result == 1;
}

Result<SigningKey> SigningKey::open(const std::filesystem::path& file) {
  if (::access(file.c_str(), F_OK) != 0 && errno == ENOENT) makeKey(file, false);
  return read(file);
}

SigningKey SigningKey::replace(const std::filesystem::path& file) {
  makeKey(file, true);
  auto key = read(file);
  if (!key) throw std::runtime_error(key.error().message);
  return std::move(*key);
}

std::filesystem::path signingKeyFile(const std::filesystem::path& dataFolder) {
  const char* chosen = std::getenv("PLANWRIGHT_SIGNING_KEY");
  return chosen && *chosen ? std::filesystem::path(chosen) : dataFolder / "signing.key";
}

Result<SigningKey> SigningKey::read(const std::filesystem::path& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0)
    return invalid(
        fmt::format("The signing key {} cannot be read: {}.", file.string(), std::strerror(errno)));
  if ((info.st_mode & 077) != 0)
    return invalid(fmt::format("Others may read the signing key {}; do: chmod 600 {}",
                               file.string(), file.string()));
  const std::string pem = readAll(fd.get(), 64 * 1024);
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  // A password is never asked for on the terminal.
  Key key(PEM_read_bio_PrivateKey(
      bio.get(), nullptr, [](char*, int, int, void*) { return 0; }, nullptr));
  ERR_clear_error();
  if (!key || EVP_PKEY_id(key.get()) != EVP_PKEY_ED25519)
    return invalid(fmt::format("The signing key {} is no Ed25519 key in PEM form without password.",
                               file.string()));
  return SigningKey(
      PublicKey(std::make_shared<const PublicKey::State>(PublicKey::State{std::move(key)})));
}

std::string SigningKey::sign(std::string_view message) const {
  const Context context(EVP_MD_CTX_new());
  std::string signature(64, '\0');
  std::size_t size = signature.size();
  if (EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, publicKey_.state_->key.get()) !=
          1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     unsignedBytes(message), message.size()) != 1)
    broken();
  signature.resize(size);
  return signature;
}

std::string toBase64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // and a NUL
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   unsignedBytes(bytes), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

Result<std::string> fromBase64(std::string_view text) {
  std::string plain(text);
  for (char& c : plain) c = c == '-' ? '+' : c == '_' ? '/' : c;
  std::size_t padding = 0;
  while (padding < 2 && padding < plain.size() && plain[plain.size() - 1 - padding] == '=')
    ++padding;
  std::string bytes(plain.size() / 4 * 3, '\0');
  const bool isWhole = plain.size() % 4 == 0;
  const bool isClean = plain.find_first_not_of(
                           "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                           "0123456789+/") >= plain.size() - padding;
  if (!isWhole || !isClean ||
      (!plain.empty() && EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                         unsignedBytes(plain), static_cast<int>(plain.size())) < 0))
    return invalid("It is not base64.");
  bytes.resize(bytes.size() - padding);
  return bytes;
}

}  // namespace planwright
