#include "cli/client.h"

#include <cstdio>
#include <exception>
#include <new>
#include <stdexcept>
#include <vector>

#include <curl/curl.h>

#include "base/loopback.h"

namespace planwright::cli {
namespace {

constexpr long kConnectSeconds = 10;
constexpr long kAnswerSeconds = 120;
constexpr std::size_t kMaxBodyBytes = std::size_t{256} << 20;

struct FreeHeaders {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

std::size_t appendBody(char* bytes, std::size_t size, std::size_t count, void* target) {
  auto& body = *static_cast<std::string*>(target);
  if (body.size() + size * count > kMaxBodyBytes) return 0;
  body.append(bytes, size * count);
  return size * count;
}

std::size_t readHeader(char* bytes, std::size_t size, std::size_t count, void* target) {
  constexpr std::string_view kName = "etag:";
  std::string_view line(bytes, size * count);
  if (line.size() > kName.size() && curl_strnequal(bytes, kName.data(), kName.size()) != 0) {
    line.remove_prefix(kName.size());
    while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
    static_cast<Reply*>(target)->etag = line;
  }
  return size * count;
}

std::size_t readFromFile(char* buffer, std::size_t size, std::size_t count, void* file) {
  return std::fread(buffer, size, count, static_cast<std::FILE*>(file));
}

struct Streaming {
  CURL* curl;
  const std::function<bool(std::string_view)>& onBytes;
  std::string& error;
  bool ended = false;
};

std::size_t streamBody(char* bytes, std::size_t size, std::size_t count, void* target) {
  auto& streaming = *static_cast<Streaming*>(target);
  long status = 0;
  curl_easy_getinfo(streaming.curl, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) return appendBody(bytes, size, count, &streaming.error);
  if (streaming.onBytes(std::string_view(bytes, size * count))) return size * count;
  streaming.ended = true;
  return 0;
}

struct Downloading {
  CURL* curl;
  const std::function<void(int, std::string_view)>& onBytes;
  std::string& error;
  std::exception_ptr thrown;
};

std::size_t downloadBody(char* bytes, std::size_t size, std::size_t count, void* target) {
  auto& downloading = *static_cast<Downloading*>(target);
  long status = 0;
  curl_easy_getinfo(downloading.curl, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200 && status != 206) return appendBody(bytes, size, count, &downloading.error);
  try {
    downloading.onBytes(static_cast<int>(status), std::string_view(bytes, size * count));
    return size * count;
  } catch (...) {
    downloading.thrown = std::current_exception();
    return 0;
  }
}

bool isOfThisMachine(const std::string& url) {
  const std::unique_ptr<CURLU, void (*)(CURLU*)> parsed(curl_url(), &curl_url_cleanup);
  char* text = nullptr;
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK ||
      curl_url_get(parsed.get(), CURLUPART_HOST, &text, 0) != CURLUE_OK)
    return false;
  const std::unique_ptr<char, void (*)(void*)> owned(text, &curl_free);
  return isLoopbackHost(text);
}

/// Called about once a second while nothing comes, so that Ctrl-C is seen.
int streamProgress(void* target, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& streaming = *static_cast<Streaming*>(target);
  if (streaming.onBytes({})) return 0;
  streaming.ended = true;
  return 1;
}

}  // namespace

ExitCode exitCodeOf(int httpStatus) {
  if (httpStatus < 400) return ExitCode::Done;
  switch (httpStatus) {
    case 401:
    case 403:
    case 421:
      return ExitCode::NotAllowed;
    case 404:
    case 410:
      return ExitCode::NotFound;
    case 409:
    case 412:
      return ExitCode::Conflict;
    case 408:
    case 504:
      return ExitCode::TimedOut;
    case 429:
    case 502:
    case 503:
      return ExitCode::Unreachable;
    default:
      return httpStatus < 500 ? ExitCode::Usage : ExitCode::WorkFailed;
  }
}

ExitCode exitCodeOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Invalid:
    case ErrorKind::TooLarge:
      return ExitCode::Usage;
    case ErrorKind::NotFound:
    case ErrorKind::Gone:
      return ExitCode::NotFound;
    case ErrorKind::Conflict:
    case ErrorKind::Stale:
      return ExitCode::Conflict;
    case ErrorKind::Forbidden:
      return ExitCode::NotAllowed;
    case ErrorKind::Unavailable:
      return ExitCode::Unreachable;
    case ErrorKind::Failed:
      return ExitCode::WorkFailed;
  }
  return ExitCode::WorkFailed;
}

void EventLines::feed(std::string_view bytes) {
  pending_ += bytes;
  std::size_t start = 0;
  for (auto end = pending_.find('\n'); end != std::string::npos; end = pending_.find('\n', start)) {
    std::string_view text(pending_.data() + start, end - start);
    if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
    line(text);
    start = end + 1;
  }
  pending_.erase(0, start);
}

void EventLines::reset() {
  pending_.clear();
  data_.clear();
  id_ = lastId_;
  hasData_ = false;
}

void EventLines::line(std::string_view text) {
  if (text.empty()) {
    lastId_ = id_;
    if (hasData_) onEvent_(lastId_, data_);
    data_.clear();
    hasData_ = false;
    return;
  }
  const auto colon = text.find(':');
  if (colon == 0) return;  // a comment: the heartbeat
  std::string_view value = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  const std::string_view field = text.substr(0, colon);
  if (field == "id") id_ = value;
  if (field != "data") return;
  if (hasData_) data_ += '\n';
  data_ += value;
  hasData_ = true;
}

struct Client::State {
  CURL* curl = curl_easy_init();
  char said[CURL_ERROR_SIZE] = {};  // by curl, of the last request that failed
  std::unique_ptr<curl_slist, FreeHeaders> headers;

  State() {
    if (!curl) throw std::runtime_error("cannot start the HTTP client");
  }
  ~State() { curl_easy_cleanup(curl); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void addHeader(const std::string& line) {
    curl_slist* longer = curl_slist_append(headers.get(), line.c_str());
    if (!longer) throw std::bad_alloc();
    static_cast<void>(headers.release());
    headers.reset(longer);
  }
};

Client::Client(std::string baseUrl, std::string token, Certificates certificates)
    : baseUrl_(std::move(baseUrl)),
      token_(std::move(token)),
      certificates_(std::move(certificates)),
      state_(std::make_unique<State>()) {}

Client::~Client() = default;

void Client::prepare(const std::string& path) {
  CURL* curl = state_->curl;
  curl_easy_reset(curl);  // keeps the connection
  state_->headers.reset();
  if (!token_.empty()) state_->addHeader("Authorization: Bearer " + token_);
  state_->addHeader("Expect:");
  const auto socket = unixPathOf(baseUrl_);
  curl_easy_setopt(curl, CURLOPT_URL, ((socket ? "http://localhost" : baseUrl_) + path).c_str());
  if (socket) curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, std::string(*socket).c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "planwright/" PLANWRIGHT_VERSION);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  state_->said[0] = '\0';
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, state_->said);
  // A proxy of the environment never stands between us and this machine.
  if (socket || isOfThisMachine(baseUrl_)) curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  useCertificates();
}

void Client::useCertificates() {
  CURL* curl = state_->curl;
  const auto use = [curl](CURLoption option, const std::string& file) {
    if (!file.empty()) curl_easy_setopt(curl, option, file.c_str());
  };
  use(CURLOPT_CAINFO, certificates_.authorities);
  use(CURLOPT_SSLCERT, certificates_.own);
  use(CURLOPT_SSLKEY, certificates_.key);
}

CommandFailure Client::unreachable(int curlCode, const std::string& what) const {
  const auto code = static_cast<CURLcode>(curlCode);
  const std::string why = state_->said[0] ? state_->said : curl_easy_strerror(code);
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return {ExitCode::Unreachable, what + ": " + why,
              "planwright --cacert FILE ...   (who signed the server's certificate)"};
    case CURLE_SSL_CERTPROBLEM:
      return {ExitCode::Unreachable, what + ": " + why,
              "planwright --client-cert FILE --client-key FILE ..."};
    default:
      return {ExitCode::Unreachable, what + ": " + why,
              "planwright serve   (or name the server with --server URL)"};
  }
}

Reply Client::perform(const std::string& method, const std::string& path) {
  CURL* curl = state_->curl;
  Reply reply;
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, state_->headers.get());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, appendBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply.body);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, readHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &reply);
  curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
  const CURLcode result = curl_easy_perform(curl);
  if (result == CURLE_OPERATION_TIMEDOUT)
    throw CommandFailure(ExitCode::TimedOut,
                         "no answer from " + baseUrl_ + " in time to " + method + " " + path);
  if (result != CURLE_OK) throw unreachable(result, "cannot reach " + baseUrl_);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  reply.status = static_cast<int>(status);
  return reply;
}

Reply Client::get(const std::string& path) {
  prepare(path);
  curl_easy_setopt(state_->curl, CURLOPT_TIMEOUT, kAnswerSeconds);
  return perform("GET", path);
}

Reply Client::send(const std::string& method, const std::string& path,
                   const std::string& jsonBody) {
  prepare(path);
  state_->addHeader("Content-Type: application/json");
  curl_easy_setopt(state_->curl, CURLOPT_TIMEOUT, kAnswerSeconds);
  curl_easy_setopt(state_->curl, CURLOPT_CUSTOMREQUEST, method.c_str());
  curl_easy_setopt(state_->curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(jsonBody.size()));
  curl_easy_setopt(state_->curl, CURLOPT_POSTFIELDS, jsonBody.c_str());
  return perform(method, path);
}

Reply Client::upload(const std::string& path, const std::string& file) {
  const std::unique_ptr<std::FILE, CloseFile> opened(std::fopen(file.c_str(), "rbe"));
  if (!opened) throw CommandFailure(ExitCode::Usage, "cannot read " + file);
  std::fseek(opened.get(), 0, SEEK_END);
  const long size = std::ftell(opened.get());
  std::rewind(opened.get());
  prepare(path);
  state_->addHeader("Content-Type: application/octet-stream");
  curl_easy_setopt(state_->curl, CURLOPT_POST, 1L);
  curl_easy_setopt(state_->curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(size));
  curl_easy_setopt(state_->curl, CURLOPT_READFUNCTION, readFromFile);
  curl_easy_setopt(state_->curl, CURLOPT_READDATA, opened.get());
  // However large the file is: only a transfer that stands still is given up.
  curl_easy_setopt(state_->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(state_->curl, CURLOPT_LOW_SPEED_TIME, kAnswerSeconds);
  return perform("POST", path);
}

JsonDocument Client::json(const std::string& path, const std::string& next) {
  const Reply reply = get(path);
  if (!reply.ok()) throw failureOf(reply, next);
  auto document = parseJson(reply.body);
  if (!document)
    throw CommandFailure(ExitCode::Unreachable, baseUrl_ + path + " did not answer with JSON (" +
                                                    document.error().message +
                                                    "); is this a planwright server?");
  return std::move(*document);
}

int Client::download(const std::string& path, std::int64_t offset,
                     const std::function<void(int, std::string_view)>& onBytes,
                     std::string& error) {
  prepare(path);
  CURL* curl = state_->curl;
  if (offset > 0) state_->addHeader("Range: bytes=" + std::to_string(offset) + "-");
  Downloading downloading{curl, onBytes, error, {}};
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, state_->headers.get());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, downloadBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &downloading);
  // However large it is: only a transfer that stands still is given up.
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, kAnswerSeconds);
  const CURLcode result = curl_easy_perform(curl);
  if (downloading.thrown) std::rethrow_exception(downloading.thrown);
  if (result != CURLE_OK) throw unreachable(result, "the download from " + baseUrl_ + " broke off");
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  return static_cast<int>(status);
}

int Client::stream(const std::string& path, const std::string& lastEventId,
                   const std::function<bool(std::string_view)>& onBytes, std::string& error) {
  prepare(path);
  CURL* curl = state_->curl;
  state_->addHeader("Accept: text/event-stream");
  if (!lastEventId.empty()) state_->addHeader("Last-Event-ID: " + lastEventId);
  Streaming streaming{curl, onBytes, error};
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, state_->headers.get());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, streamBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &streaming);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, streamProgress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &streaming);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);  // the server sends a heartbeat every 15 s
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 60L);
  const CURLcode result = curl_easy_perform(curl);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  if (result != CURLE_OK && !streaming.ended && status == 0)
    throw unreachable(result, "cannot reach " + baseUrl_);
  return static_cast<int>(status);
}

CommandFailure failureOf(const Reply& reply, const std::string& next) {
  std::string message = "the server answered " + std::to_string(reply.status);
  if (const auto problem = parseJson(reply.body)) {
    const std::string detail = textOr(*problem, "detail");
    const std::string title = textOr(*problem, "title");
    if (!detail.empty() || !title.empty()) message = detail.empty() ? title : detail;
    const JsonValue* errors = find(*problem, "errors");
    if (errors && errors->IsArray())
      for (const auto& error : errors->GetArray())
        message += "\n  " + textOr(error, "pointer") + ": " + textOr(error, "detail");
  }
  const ExitCode code = exitCodeOf(reply.status);
  if (code == ExitCode::NotAllowed && next.empty())
    return {code, message, "export PLANWRIGHT_TOKEN=...   (a token with the right role)"};
  return {code, message, next};
}

std::string urlEncoded(std::string_view text) {
  if (text.empty()) return {};  // curl would measure it
  const std::unique_ptr<char, void (*)(void*)> escaped(
      curl_easy_escape(nullptr, text.data(), static_cast<int>(text.size())), &curl_free);
  if (!escaped) throw std::bad_alloc();
  return escaped.get();
}

}  // namespace planwright::cli
