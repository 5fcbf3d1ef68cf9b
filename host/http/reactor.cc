#include "http/reactor.h"

#include <array>
#include <cerrno>
#include <system_error>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pistache/peer.h>
#include <pistache/reactor.h>
#include <pistache/tcp.h>
#include <pistache/transport.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/log.h"
#include "http/peer_address.h"

namespace planwright {

namespace {

namespace Polling = Pistache::Polling;
using PeerPtr = std::shared_ptr<Pistache::Tcp::Peer>;
using std::chrono_literals::operator""ms;

constexpr auto kTickEvery = 500ms;
constexpr std::size_t kReadBytes = 16 * 1024;
constexpr int kReadsPerTurn = 16;  ///< then the worker's other connections have their turn
constexpr const char* kConnectionKey = "connection";

struct Shared {
  int listenSocket;
  const ConnectionContext& context;
};

/// Pistache wants one; all input goes through Transport::readFrom instead.
class NoHandler final : public Pistache::Tcp::Handler {
  PROTOTYPE_OF(Pistache::Tcp::Handler, NoHandler)

  void onInput(const char*, std::size_t, const PeerPtr&) override {}
};

/// What one worker does: accepts, reads, ticks. Of Pistache's transport it uses the bookkeeping of
/// peers in the worker's epoll set, and never its write queues, which go by descriptor number and
/// so mix up clients.
class Transport final : public Pistache::Tcp::Transport {
 public:
  explicit Transport(const Shared& shared)
      : Pistache::Tcp::Transport(std::make_shared<NoHandler>()),
        shared_(shared) {}

  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  ~Transport() override {
    for (const auto& [fd, peer] : peers) {
      connectionOf(peer).leaveSeat();
      ::close(fd);
    }
  }

  std::shared_ptr<Pistache::Aio::Handler> clone() const override {
    return std::make_shared<Transport>(shared_);
  }

  void registerPoller(Polling::Epoll& poller) override;
  void onReady(const Pistache::Aio::FdSet& ready) override;

 private:
  static Polling::Tag tagOf(int fd) { return Polling::Tag(static_cast<std::uint64_t>(fd)); }
  void onPeerReady(const Pistache::Aio::FdSet::Entry& entry);
  void acceptOne();
  void addPeer(UniqueFd socket, Seat seat, const sockaddr_storage& address, SteadyTime now);
  HttpConnection::State readFrom(int fd, HttpConnection& connection);
  void tick();
  void remove(const PeerPtr& peer);
  static HttpConnection& connectionOf(const PeerPtr& peer) {
    return *std::static_pointer_cast<HttpConnection>(peer->getData(kConnectionKey));
  }

  const Shared shared_;
  UniqueFd timer_;
};

void Transport::registerPoller(Polling::Epoll& poller) {
  Pistache::Tcp::Transport::registerPoller(poller);
  timer_.reset(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  itimerspec every{};
  every.it_value.tv_nsec = every.it_interval.tv_nsec = std::chrono::nanoseconds(kTickEvery).count();
  if (!timer_ || ::timerfd_settime(timer_.get(), 0, &every, nullptr) != 0) {
    throw std::system_error(errno, std::generic_category(), "http timer");
  }
  const Pistache::Flags<Polling::NotifyOn> onRead(Polling::NotifyOn::Read);
  poller.addFd(timer_.get(), onRead, tagOf(timer_.get()));
  // Level-triggered in every worker: whoever is not busy with a handler takes the next client.
  poller.addFd(shared_.listenSocket, onRead, tagOf(shared_.listenSocket));
}

/// One event at a time, each with its own catch: an exception must not take the others with it, nor
/// the worker. Clocks come last, so that bytes which are already there count as arrived.
void Transport::onReady(const Pistache::Aio::FdSet& ready) {
  bool isTick = false;
  for (const auto& entry : ready) {
    try {
      if (entry.getTag() == tagOf(shared_.listenSocket))
        acceptOne();
      else if (entry.getTag() == tagOf(timer_.get()))
        isTick = true;
      else
        onPeerReady(entry);
    } catch (const std::exception& e) {
      log::error("http worker error={}", e.what());
    }
  }
  if (isTick) tick();
}

void Transport::onPeerReady(const Pistache::Aio::FdSet::Entry& entry) {
  const auto found = peers.find(static_cast<int>(entry.getTag().value()));
  if (found == peers.end()) return;
  const PeerPtr peer = found->second;
  HttpConnection::State state = HttpConnection::State::Done;
  try {
    state = readFrom(peer->fd(), connectionOf(peer));
  } catch (const std::exception& e) {
    log::error("http connection closed error={}", e.what());
  }
  if (state == HttpConnection::State::Done) remove(peer);
}

HttpConnection::State Transport::readFrom(int fd, HttpConnection& connection) {
  std::array<char, kReadBytes> buffer;  // NOLINT: filled by recv
  HttpConnection::State state = HttpConnection::State::Open;
  for (int i = 0; i < kReadsPerTurn; ++i) {
    const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return state;
    if (n <= 0) return HttpConnection::State::Done;
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(n));
    state = connection.onBytes(bytes, std::chrono::steady_clock::now());
    if (state == HttpConnection::State::Done || bytes.size() < buffer.size()) break;
  }
  return state;  // epoll reports again what is left
}

void Transport::acceptOne() {
  constexpr auto kPause = 1ms;
  ConnectionSeats& seats = shared_.context.seats;
  const SteadyTime now = std::chrono::steady_clock::now();
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  UniqueFd socket(::accept4(shared_.listenSocket, reinterpret_cast<sockaddr*>(&address), &length,
                            SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) {
    if (errno != EMFILE && errno != ENFILE) return;
    seats.giveUpOne(now);
    std::this_thread::sleep_for(kPause);  // the event stays, do not spin on it
    return;
  }
  if (seats.areManyLeaving()) std::this_thread::sleep_for(kPause);  // their threads need the time
  auto seat = seats.take(clientText(socket.get(), address), socket.get(), now);
  if (!seat) {
    constexpr std::string_view kFull =
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n"
        "Connection: close\r\n\r\n";
    ::send(socket.get(), kFull.data(), kFull.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return;
  }
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  addPeer(std::move(socket), std::move(*seat), address, now);
}

void Transport::addPeer(UniqueFd socket, Seat seat, const sockaddr_storage& address,
                        SteadyTime now) {
  sockaddr_storage copy = address;
  if (address.ss_family == AF_UNIX) copy.ss_family = AF_INET;  // Pistache knows no other, nor asks
  const auto peer = Pistache::Tcp::Peer::Create(
      socket.get(), Pistache::Address::fromUnix(reinterpret_cast<sockaddr*>(&copy)));
  peer->putData(kConnectionKey, std::make_shared<HttpConnection>(socket.get(), std::move(seat),
                                                                 addressText(socket.get(), address),
                                                                 shared_.context, now));
  try {
    handleNewPeer(peer);
    // Pistache asks for edges, which want one more recv for each request, to see that all was read.
    reactor()->modifyFd(key(), socket.get(), Polling::NotifyOn::Read | Polling::NotifyOn::Shutdown,
                        Polling::Mode::Level);
  } catch (...) {
    peers.erase(socket.get());
    throw;
  }
  socket.release();  // from now on remove() closes it
}

void Transport::tick() {
  std::uint64_t ignored = 0;
  [[maybe_unused]] const ssize_t n = ::read(timer_.get(), &ignored, sizeof ignored);
  const SteadyTime now = std::chrono::steady_clock::now();
  std::vector<PeerPtr> done;
  for (const auto& [fd, peer] : peers) {
    if (connectionOf(peer).onTick(now) == HttpConnection::State::Done) done.push_back(peer);
  }
  for (const PeerPtr& peer : done) remove(peer);
}

void Transport::remove(const PeerPtr& peer) {
  connectionOf(peer).leaveSeat();
  removePeer(peer);
}

}  // namespace

struct Reactor::State {
  std::shared_ptr<Pistache::Aio::Reactor> reactor;
};

Reactor::Reactor(int listenSocket, int threads, const ConnectionContext& context)
    : state_(std::make_unique<State>()) {
  state_->reactor = Pistache::Aio::Reactor::create();
  state_->reactor->init(Pistache::Aio::AsyncContext(static_cast<std::size_t>(threads), "pw-http"));
  state_->reactor->addHandler(std::make_shared<Transport>(Shared{listenSocket, context}));
  state_->reactor->run();
}

Reactor::~Reactor() {
  state_->reactor->shutdown();
  state_.reset();  // joins the workers
}

}  // namespace planwright
