#include "webhooks/posts.h"

#include <algorithm>
#include <map>
#include <stdexcept>

#include <curl/curl.h>
#include <sys/socket.h>

namespace planwright {

struct FreeCurl {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
  void operator()(char* text) const { curl_free(text); }
};

/// One request under way. Its address goes to libcurl.
struct RunningPost {
  Post post;
  std::vector<AddressRange> allowed;
  std::unique_ptr<CURL, FreeCurl> easy;
  std::unique_ptr<curl_slist, FreeCurl> headers;
  std::string answer;
  std::size_t bytesRead = 0;
  std::string refused;  ///< why the address may not be reached
  char error[CURL_ERROR_SIZE] = "";
};

namespace {

constexpr std::size_t kAnswerKept = 512;
constexpr std::size_t kAnswerRead = 64 * 1024;
constexpr long kConnectMillis = 5'000;

bool mayReach(const IpAddress& address, const std::vector<AddressRange>& allowed) {
  return isPublic(address) ||
         std::any_of(allowed.begin(), allowed.end(),
                     [&](const AddressRange& each) { return each.has(address); });
}

std::string refusal(const IpAddress& address) {
  return toText(address) +
         " is not a public address; webhooks: {allow: [NETWORK]} in the configuration allows it";
}

std::string partOf(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
  const std::unique_ptr<char, FreeCurl> owner(text);
  return text;
}

std::size_t readAnswer(char* bytes, std::size_t, std::size_t size, void* target) {
  auto& posting = *static_cast<RunningPost*>(target);
  posting.bytesRead += size;
  posting.answer.append(bytes, std::min(size, kAnswerKept - posting.answer.size()));
  return posting.bytesRead <= kAnswerRead ? size : 0;  // the status has been seen; that is enough
}

curl_socket_t openSocket(void* target, curlsocktype, curl_sockaddr* address) {
  auto& posting = *static_cast<RunningPost*>(target);
  const auto network = addressOf(address->addr);
  if (!network || !mayReach(*network, posting.allowed)) {
    posting.refused = network ? refusal(*network) : "it is no address of the internet";
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void addHeader(RunningPost& posting, const std::string& line) {
  curl_slist* longer = curl_slist_append(posting.headers.get(), line.c_str());
  if (!longer) throw std::bad_alloc();
  static_cast<void>(posting.headers.release());
  posting.headers.reset(longer);
}

void setUp(RunningPost& posting, std::chrono::milliseconds timeout) {
  CURL* easy = posting.easy.get();
  for (const auto& header : posting.post.headers) addHeader(posting, header);
  addHeader(posting, "expect:");  // no round trip before the body
  curl_easy_setopt(easy, CURLOPT_URL, posting.post.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "planwright/" PLANWRIGHT_VERSION);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   std::min<long>(kConnectMillis, static_cast<long>(timeout.count())));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, posting.headers.get());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, posting.post.body.data());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                   static_cast<curl_off_t>(posting.post.body.size()));
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, readAnswer);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &posting);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, openSocket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &posting);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, posting.error);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &posting);
  // A connection that was made when the configuration allowed it is not used for long.
  curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, 30L);
  curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, 30L);
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // no wait for a name server that says nothing
}

Posted result(RunningPost& posting, CURLcode code) {
  long status = 0;
  curl_easy_getinfo(posting.easy.get(), CURLINFO_RESPONSE_CODE, &status);
  Posted posted{.id = posting.post.id, .error = {}, .answer = std::move(posting.answer)};
  const bool isCutOff = code == CURLE_WRITE_ERROR && posting.bytesRead > kAnswerRead;
  if (code == CURLE_OK || isCutOff) {
    curl_off_t seconds = 0;
    curl_easy_getinfo(posting.easy.get(), CURLINFO_RETRY_AFTER, &seconds);
    posted.status = static_cast<int>(status);
    posted.retryAfter = std::chrono::seconds(seconds);
  } else if (!posting.refused.empty()) {
    posted.error = posting.refused;
  } else {
    posted.error = posting.error[0] != 0 ? posting.error : curl_easy_strerror(code);
  }
  return posted;
}

}  // namespace

struct Posts::State {
  explicit State(std::chrono::milliseconds wanted) : timeout(wanted) {
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    multi = ready == CURLE_OK ? curl_multi_init() : nullptr;
    if (!multi) throw std::runtime_error("libcurl cannot start");
  }
  ~State() {
    for (auto& [easy, posting] : postings) curl_multi_remove_handle(multi, easy);
    postings.clear();
    curl_multi_cleanup(multi);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  const std::chrono::milliseconds timeout;
  CURLM* multi = nullptr;
  std::map<CURL*, std::unique_ptr<RunningPost>> postings;
};

Posts::Posts(std::chrono::milliseconds timeout) : state_(std::make_unique<State>(timeout)) {}
Posts::~Posts() = default;

void Posts::start(Post post, std::vector<AddressRange> allowed) {
  auto posting = std::make_unique<RunningPost>();
  posting->post = std::move(post);
  posting->allowed = std::move(allowed);
  posting->easy.reset(curl_easy_init());
  if (!posting->easy) throw std::bad_alloc();
  setUp(*posting, state_->timeout);
  CURL* easy = posting->easy.get();
  state_->postings.emplace(easy, std::move(posting));
  curl_multi_add_handle(state_->multi, easy);
}

std::vector<Posted> Posts::wait(std::chrono::milliseconds time) {
  int running = 0;
  curl_multi_perform(state_->multi, &running);
  if (running == static_cast<int>(state_->postings.size()) && running > 0) {
    curl_multi_poll(state_->multi, nullptr, 0, static_cast<int>(time.count()), nullptr);
    curl_multi_perform(state_->multi, &running);
  }
  std::vector<Posted> ended;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(state_->multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const auto found = state_->postings.find(message->easy_handle);
    ended.push_back(result(*found->second, message->data.result));
    curl_multi_remove_handle(state_->multi, found->first);
    state_->postings.erase(found);
  }
  return ended;
}

std::size_t Posts::underWay() const {
  return state_->postings.size();
}

std::string urlComplaint(const std::string& url, const std::vector<AddressRange>& allowed) {
  const std::unique_ptr<CURLU, FreeCurl> parsed(curl_url());
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK)
    return "It must be a URL such as https://ci.example.org/hook.";
  const std::string scheme = partOf(parsed.get(), CURLUPART_SCHEME);
  if (scheme != "https" && scheme != "http") return "It must begin with https:// or http://.";
  if (!partOf(parsed.get(), CURLUPART_USER).empty() ||
      !partOf(parsed.get(), CURLUPART_PASSWORD).empty())
    return "It must not carry a user or a password; what is sent is signed.";
  if (!partOf(parsed.get(), CURLUPART_FRAGMENT).empty())
    return "What follows # is never sent; leave it out.";
  std::string host = partOf(parsed.get(), CURLUPART_HOST);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto address = addressOf(host);
  if (address && !mayReach(*address, allowed)) return refusal(*address) + ".";
  return {};
}

}  // namespace planwright
