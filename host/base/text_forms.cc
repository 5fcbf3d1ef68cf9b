#include "base/text_forms.h"

#include <algorithm>

#include "base/hex.h"
#include "base/json.h"
#include "base/signing_key.h"

namespace planwright {
namespace {

constexpr std::size_t kShortestForm = 8;  // of a form: a shorter one may stand anywhere by chance

/// As the inside of a JSON string.
std::string inJsonString(std::string_view text) {
  const std::string array = JsonWriter().array().value(text).end().take();
  return array.substr(2, array.size() - 4);  // ["…"]
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return text;
}

std::string forUrls(std::string base64) {
  std::replace(base64.begin(), base64.end(), '+', '-');
  std::replace(base64.begin(), base64.end(), '/', '_');
  return base64;
}

/// The characters that are the text's alone when it stands behind `ahead` other bytes (modulo 3).
std::string base64Behind(std::size_t ahead, std::string_view text) {
  const std::string all = toBase64(std::string(ahead, '\0') + std::string(text));
  const std::size_t first = (8 * ahead + 5) / 6, last = 8 * (ahead + text.size()) / 6;
  return all.substr(first, last - first);
}

/// In lines of that length, as programs print what is long.
std::string inLines(const std::string& text, std::size_t length) {
  std::string out = text.substr(0, length);
  for (std::size_t at = length; at < text.size(); at += length)
    out.append("\n").append(text, at, length);
  return out;
}

/// Percent-encoding (RFC 3986) of all but letters, digits and `plain`.
std::string inUrl(std::string_view text, std::string_view plain, bool isUpper) {
  std::string out;
  for (const char c : text) {
    const bool isWord = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    const std::string hex = toHex({&c, 1});
    if (isWord || plain.find(c) != plain.npos)
      out += c;
    else
      out += "%" + (isUpper ? upper(hex) : hex);
  }
  return out;
}

/// As a form is sent: spaces are plus signs.
std::string inForm(std::string url) {
  for (auto at = url.find("%20"); at != url.npos; at = url.find("%20", at)) url.replace(at, 3, "+");
  return url;
}

}  // namespace

std::vector<std::string> formsOf(std::string_view text) {
  std::vector<std::string> forms{std::string(text)};
  const auto add = [&](std::string form) {
    if (std::find(forms.begin(), forms.end(), form) == forms.end())
      forms.push_back(std::move(form));
  };
  const auto addLong = [&](std::string form) {
    if (form.size() >= kShortestForm) add(std::move(form));
  };
  add(inJsonString(text));
  for (const std::string& whole :
       {toBase64(text), toBase64(std::string(text) + "\n"), base64Behind(0, text),
        base64Behind(1, text), base64Behind(2, text)}) {
    const std::string bare = whole.substr(0, whole.find('='));
    for (const auto& form : {whole, bare, forUrls(whole), forUrls(bare)}) addLong(form);
    for (const std::size_t length : {64, 76}) addLong(inLines(whole, length));  // openssl, base64
  }
  addLong(toHex(text));
  addLong(inLines(toHex(text), 60));  // xxd
  addLong(upper(toHex(text)));
  for (const bool isUpper : {true, false})
    for (const char* plain : {"-._~", "-._~/", "-._~!'()*", "-._*"}) {
      addLong(inUrl(text, plain, isUpper));
      addLong(inForm(inUrl(text, plain, isUpper)));
    }
  return forms;
}

}  // namespace planwright
