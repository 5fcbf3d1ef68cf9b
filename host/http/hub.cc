#include "http/hub.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <vector>

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "base/guarded.h"
#include "base/log.h"
#include "base/threads.h"
#include "http/backlog_reader.h"
#include "http/event_memory.h"
#include "http/hub_client.h"
#include "http/piece_maker.h"

namespace planwright {

namespace {

using std::chrono_literals::operator""ms;

constexpr auto kScanEvery = 1000ms;
constexpr auto kAskEvery = 50ms;  ///< while somebody follows a stream of its own
constexpr std::size_t kFeedBelowBytes =
    64 * 1024;                        ///< a client that is behind gets more below this
constexpr std::uint64_t kWakeUp = 0;  ///< epoll tag of the eventfd; clients count from 1

/// What other threads want from the hub thread.
struct Inbox {
  std::optional<EventOrder> startAt;
  std::vector<Transfer> transfers;
  std::vector<EventMessage> messages;
  std::vector<BacklogReader::Page> pages;
  std::vector<PieceMaker::Piece> pieces;
};

}  // namespace

/// Everything but the inbox and the counters belongs to the hub thread.
struct Hub::State {
  explicit State(HubLimits wanted);

  void run(const std::stop_token& stop);
  void waitAndServe();
  void takeInbox();
  void adopt(Transfer transfer);
  void publish(EventMessage message);
  void receive(BacklogReader::Page page);
  void receive(PieceMaker::Piece piece);
  void feed(std::uint64_t id, HubClient& client);
  void feedOwn(std::uint64_t id, HubClient& client);
  void askAgain();
  void askForPiece(std::uint64_t id, HubClient& client);
  void settle(std::uint64_t id, HubClient& client);
  void updateInterest(std::uint64_t id, HubClient& client);
  void onReady(std::uint64_t id, std::uint32_t events);
  void scan();
  void recheckCallers();
  void drop(std::uint64_t id);
  void dropUnread(std::uint64_t id);
  void wakeUp();

  const HubLimits limits;
  const UniqueFd epoll;
  const UniqueFd wake;
  Guarded<Inbox> inbox;
  std::atomic<std::size_t> connections{0};
  std::atomic<std::size_t> subscribers{0};
  std::atomic<std::uint64_t> dropped{0};
  std::atomic<std::uint64_t> published{0};

  EventMemory memory;
  std::unordered_map<std::uint64_t, HubClient> clients;
  std::uint64_t lastId = kWakeUp;
  std::size_t ownStreams = 0;
  SteadyTime now = std::chrono::steady_clock::now();
  SteadyTime scannedAt = now;
  const EventFrame heartbeat = std::make_shared<const std::string>(": \n\n");
  BacklogReader backlog;
  PieceMaker maker;
  std::jthread thread;
};

Hub::State::State(HubLimits wanted)
    : limits(wanted),
      epoll(::epoll_create1(EPOLL_CLOEXEC)),
      wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      memory(wanted.keptMessages),
      backlog([this](BacklogReader::Page page) {
        inbox.lock()->pages.push_back(std::move(page));
        wakeUp();
      }),
      maker(wanted.makers, [this](PieceMaker::Piece piece) {
        inbox.lock()->pieces.push_back(std::move(piece));
        wakeUp();
      }) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeUp;
  if (!epoll || !wake || ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "event hub");
  }
  thread = startThread("pw-http-hub", [this](const std::stop_token& stop) { run(stop); });
}

void Hub::State::wakeUp() {
  ::eventfd_write(wake.get(), 1);
}

void Hub::State::run(const std::stop_token& stop) {
  sigset_t pipe;  // sendfile has no MSG_NOSIGNAL
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  while (!stop.stop_requested()) {
    try {
      waitAndServe();
    } catch (const std::exception& e) {
      log::error("event hub error={}", e.what());
    }
  }
  clients.clear();
  connections = subscribers = 0;
}

void Hub::State::waitAndServe() {
  std::array<epoll_event, 256> events{};
  const auto wait = ownStreams > 0 ? kAskEvery : kScanEvery;
  const int timeout = clients.empty() ? -1 : static_cast<int>(wait.count());
  const int count =
      ::epoll_wait(epoll.get(), events.data(), static_cast<int>(events.size()), timeout);
  now = std::chrono::steady_clock::now();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events.at(static_cast<std::size_t>(i));
    if (event.data.u64 != kWakeUp) {
      onReady(event.data.u64, event.events);
      continue;
    }
    eventfd_t ignored = 0;
    ::eventfd_read(wake.get(), &ignored);
    takeInbox();
  }
  if (ownStreams > 0) askAgain();
  if (now - scannedAt >= kScanEvery) scan();
}

void Hub::State::askAgain() {
  std::vector<std::uint64_t> due;
  for (const auto& [id, client] : clients)
    if (client.hasOwnStream() && !client.awaitsBacklog && now >= client.askAgainAt)
      due.push_back(id);
  for (const std::uint64_t id : due) settle(id, clients.at(id));
}

void Hub::State::takeInbox() {
  Inbox taken = std::exchange(*inbox.lock(), Inbox{});
  if (taken.startAt) memory.startAt(*taken.startAt);
  for (EventMessage& message : taken.messages) publish(std::move(message));
  for (Transfer& transfer : taken.transfers) adopt(std::move(transfer));
  for (BacklogReader::Page& page : taken.pages) receive(std::move(page));
  for (PieceMaker::Piece& piece : taken.pieces) receive(std::move(piece));
  if (taken.messages.empty()) return;
  std::vector<std::uint64_t> waiting;
  for (const auto& [id, client] : clients) {
    if (client.hasOutput()) waiting.push_back(id);
  }
  for (const std::uint64_t id : waiting) settle(id, clients.at(id));
}

void Hub::State::adopt(Transfer transfer) {
  const std::uint64_t id = ++lastId;
  HubClient& client = clients.try_emplace(id, std::move(transfer), now).first->second;
  connections = clients.size();
  if (client.isEventClient()) ++subscribers;
  if (client.hasOwnStream()) ++ownStreams;
  epoll_event event{};
  event.data.u64 = id;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, client.socket(), &event) != 0) return drop(id);
  if (client.isEventClient()) {
    client.phase = HubClient::Phase::CatchingUp;
    const EventOrder begin = client.hasOwnStream() ? EventOrder{} : memory.last();
    client.position = client.subscription().after.value_or(begin);
  }
  settle(id, client);
}

void Hub::State::publish(EventMessage message) {
  if (!memory.add(std::move(message))) return;
  ++published;
  const EventMemory::Entry& entry = memory.newest();
  std::vector<std::uint64_t> full;
  for (auto& [id, client] : clients) {
    if (client.phase != HubClient::Phase::Live || client.position >= entry.message.order) continue;
    client.position = entry.message.order;
    if (!client.wants(entry.message)) continue;
    if (client.queuedBytes() + entry.frame->size() > limits.queueBytes)
      full.push_back(id);
    else
      client.enqueue(entry.frame, now);
  }
  for (const std::uint64_t id : full) dropUnread(id);
}

void Hub::State::receive(BacklogReader::Page page) {
  const auto found = clients.find(page.client);
  if (found == clients.end()) return;
  HubClient& client = found->second;
  client.awaitsBacklog = false;
  if (page.failed) return drop(page.client);  // it comes back with its Last-Event-ID
  for (const EventMessage& message : page.messages) {
    if (message.order <= client.position) continue;
    client.position = message.order;
    if (client.wants(message)) client.enqueue(makeFrame(message), now);
  }
  if (client.hasOwnStream()) {
    if (page.messages.empty())
      client.askAgainAt = now + client.subscription().repeat;
    else if (page.messages.back().type == kEndOfStream)
      client.phase = HubClient::Phase::Sending;
  } else if (page.messages.empty()) {  // nothing stored any more up to there: pruned
    client.position = std::max(client.position, page.knownUpTo);
  }
  settle(page.client, client);
}

void Hub::State::receive(PieceMaker::Piece piece) {
  const auto found = clients.find(piece.client);
  if (found == clients.end()) return;
  found->second.awaitsBacklog = false;
  if (piece.failed) return drop(piece.client);
  if (found->second.awaitsCheck())
    found->second.checked(now);
  else
    found->second.take(std::move(piece.bytes), now);
  settle(piece.client, found->second);
}

/// Gives a client that is behind what comes next, without letting its queue grow.
void Hub::State::feed(std::uint64_t id, HubClient& client) {
  if (client.hasOwnStream()) return feedOwn(id, client);
  while (client.phase == HubClient::Phase::CatchingUp && client.queuedBytes() < kFeedBelowBytes) {
    if (!memory.covers(client.position)) {
      if (client.awaitsBacklog) return;
      if (!client.subscription().backlog) {
        client.position = memory.forgottenUpTo();
        continue;
      }
      client.awaitsBacklog = true;
      backlog.order({id, client.position, memory.forgottenUpTo(), client.subscription().backlog});
      return;
    }
    const EventMemory::Entry* next = memory.firstAfter(client.position);
    if (next == nullptr) {
      client.phase = HubClient::Phase::Live;
      return;
    }
    client.position = next->message.order;
    if (client.wants(next->message)) client.enqueue(next->frame, now);
  }
}

void Hub::State::feedOwn(std::uint64_t id, HubClient& client) {
  if (client.phase != HubClient::Phase::CatchingUp || client.awaitsBacklog) return;
  if (now < client.askAgainAt || client.queuedBytes() >= kFeedBelowBytes) return;
  client.awaitsBacklog = true;
  backlog.order({id, client.position, {}, client.subscription().backlog});
}

/// Asks for the next piece of an answer that is made meanwhile, once little of the last is left; or
/// for another look at a file that was touched.
void Hub::State::askForPiece(std::uint64_t id, HubClient& client) {
  if (client.awaitsBacklog) return;
  const bool wantsMore = client.maker() && client.queuedBytes() < kFeedBelowBytes;
  if (!client.awaitsCheck() && !wantsMore) return;
  client.awaitsBacklog = true;
  maker.order({id, client.awaitsCheck() ? client.check() : client.maker()});
}

/// Sends what can be sent and decides how the client goes on.
void Hub::State::settle(std::uint64_t id, HubClient& client) {
  feed(id, client);
  if (!client.pump(now)) return drop(id);
  askForPiece(id, client);
  if (!client.hasOutput() && !client.maker() && client.phase == HubClient::Phase::Sending) {
    if (client.sawEnd()) return drop(id);
    client.beginLinger(now);
  }
  updateInterest(id, client);
}

void Hub::State::updateInterest(std::uint64_t id, HubClient& client) {
  const bool mayFeed = client.phase == HubClient::Phase::CatchingUp && !client.awaitsBacklog &&
                       now >= client.askAgainAt;
  std::uint32_t interest = client.sawEnd() ? 0U : static_cast<std::uint32_t>(EPOLLIN);
  if ((client.hasOutput() && !client.awaitsCheck()) || mayFeed) interest |= EPOLLOUT;
  if (interest == client.interest) return;
  client.interest = interest;
  epoll_event event{};
  event.events = interest;
  event.data.u64 = id;
  ::epoll_ctl(epoll.get(), EPOLL_CTL_MOD, client.socket(), &event);
}

void Hub::State::onReady(std::uint64_t id, std::uint32_t events) {
  const auto found = clients.find(id);
  if (found == clients.end()) return;
  HubClient& client = found->second;
  if ((events & (EPOLLHUP | EPOLLERR)) != 0) return drop(id);
  if ((events & EPOLLIN) != 0 && !client.drainInput()) return drop(id);
  settle(id, client);
}

void Hub::State::scan() {
  scannedAt = now;
  std::vector<std::uint64_t> idle, stalled, finished;
  for (const auto& [id, client] : clients) {
    const auto quiet = now - client.progressAt();
    if (client.phase == HubClient::Phase::Lingering) {
      if (now >= client.lingerUntil()) finished.push_back(id);
    } else if (client.awaitsCheck()) {
      continue;
    } else if (client.hasOutput()) {
      if (quiet > limits.stall) stalled.push_back(id);
    } else if (client.isEventClient() && quiet >= limits.heartbeat) {
      idle.push_back(id);
    }
  }
  for (const std::uint64_t id : finished) drop(id);
  for (const std::uint64_t id : stalled) dropUnread(id);
  for (const std::uint64_t id : idle) {
    clients.at(id).enqueue(heartbeat, now);
    settle(id, clients.at(id));
  }
  recheckCallers();
}

void Hub::State::recheckCallers() {
  for (auto& [id, client] : clients) {
    const bool isDue = client.isEventClient() && now - client.checkedAt >= limits.recheck;
    if (!isDue || client.awaitsBacklog || !client.subscription().isStillAllowed) continue;
    client.checkedAt = now;
    client.awaitsBacklog = true;
    backlog.check(id, client.position, client.subscription().isStillAllowed);
  }
}

void Hub::State::drop(std::uint64_t id) {
  const auto found = clients.find(id);
  if (found == clients.end()) return;
  if (found->second.isEventClient()) --subscribers;
  if (found->second.hasOwnStream()) --ownStreams;
  clients.erase(found);  // closes the socket, which also leaves the epoll set: nobody else holds it
  connections = clients.size();
}

void Hub::State::dropUnread(std::uint64_t id) {
  ++dropped;
  drop(id);
}

Hub::Hub(HubLimits limits) : state_(std::make_unique<State>(limits)) {}
Hub::~Hub() {
  stop();
}

void Hub::publish(EventMessage message) {
  state_->inbox.lock()->messages.push_back(std::move(message));
  state_->wakeUp();
}

void Hub::startAt(const EventOrder& order) {
  state_->inbox.lock()->startAt = order;
  state_->wakeUp();
}

void Hub::adopt(Transfer transfer) {
  state_->inbox.lock()->transfers.push_back(std::move(transfer));
  state_->wakeUp();
}

HubCounts Hub::counts() const {
  return {state_->connections, state_->subscribers, state_->dropped, state_->published};
}

void Hub::stop() {
  state_->thread.request_stop();
  state_->wakeUp();
  if (state_->thread.joinable()) state_->thread.join();
  state_->backlog.stop();
  state_->maker.stop();
}

}  // namespace planwright
