// planwright/plugin.hpp - a C++20 layer over plugin.h, header-only; exceptions stay inside the
// plugin.
//
//   struct Greeter {
//     explicit Greeter(const pw::Settings& settings);
//     void plan(const pw::Input& input, pw::Plan& plan, pw::Call& call);
//   };
//   PW_MODULE("org.example.greeter", "1.0.0", pw::Planner<Greeter>)
//
// A stage is any type made from Settings with one of
//   void plan(const pw::Input&, pw::Plan&, pw::Call&)    for pw::Planner
//   void build(const pw::Job&, pw::Call&)                for pw::Builder
//   void poll(pw::Poll&, pw::Call&)  [and int fd()]      for pw::Source
//   std::string submit(const pw::Job&, pw::Call&), void observe(pw::Observation&, pw::Call&) and
//   void withdraw(std::string_view handle, pw::Call&)    for pw::RemoteBuilder
// and, if it likes, start(pw::Call&), drain(), stop(pw::Call&), interrupt(). The host makes one
// instance per slot and calls it from one thread at a time; only drain() and interrupt() may come
// beside a running call.
#pragma once

#include <planwright/call.hpp>
#include <planwright/errors.hpp>
#include <planwright/plan.hpp>
#include <planwright/plugin.h>
#include <planwright/program.hpp>
#include <planwright/remote.hpp>
#include <planwright/settings.hpp>
#include <planwright/work.hpp>

namespace pw {

/// The life of one instance, for every kind of stage.
template <class T>
struct StageImpl {
  struct Self {
    const pw_host* host;
    T user;
  };
  static Self* of(void* self) { return static_cast<Self*>(self); }

  static pw_status create(const pw_host* host, pw_call* call, pw_str queue, pw_str settings,
                          void** self) noexcept {
    return guard(host, call, [&] { *self = new Self{host, T(Settings(queue, settings))}; });
  }
  static pw_status start(void* self, pw_call* c) noexcept {
    return guard(of(self)->host, c, [&] {
      if constexpr (requires(T & t, Call & call) { t.start(call); }) {
        Call call(of(self)->host, c);
        of(self)->user.start(call);
      }
    });
  }
  static void drain(void* self) noexcept {
    if constexpr (requires(T & t) { t.drain(); })
      guard(of(self)->host, nullptr, [&] { of(self)->user.drain(); });
  }
  static void stop(void* self, pw_call* c) noexcept {
    if constexpr (requires(T & t, Call & call) { t.stop(call); }) {
      guard(of(self)->host, c, [&] {
        Call call(of(self)->host, c);
        of(self)->user.stop(call);
      });
    }
  }
  static void destroy(void* self) noexcept { delete of(self); }
  static void interrupt(void* self, pw_call*) noexcept {
    if constexpr (requires(T & t) { t.interrupt(); })
      guard(of(self)->host, nullptr, [&] { of(self)->user.interrupt(); });
  }
  static constexpr bool kCanInterrupt = requires(T & t) { t.interrupt(); };
  static constexpr pw_stage stage{sizeof(pw_stage),
                                  0,
                                  create,
                                  start,
                                  drain,
                                  stop,
                                  destroy,
                                  kCanInterrupt ? interrupt : nullptr};
};

template <class T>
struct Planner : StageImpl<T> {
  static constexpr const char* id = PW_PLANNER;
  static pw_status plan(void* self, pw_call* c, const pw_input* in) noexcept {
    auto* mine = StageImpl<T>::of(self);
    return guard(mine->host, c, [&] {
      Call call(mine->host, c);
      Plan plan;
      mine->user.plan(Input(in, &call), plan, call);
      call.emit("plan", plan.json());
    });
  }
  static constexpr pw_planner vtable{sizeof(pw_planner), 0, &StageImpl<T>::stage, plan};
};

template <class T>
struct Builder : StageImpl<T> {
  static constexpr const char* id = PW_BUILDER;
  static pw_status build(void* self, pw_call* c, const pw_job* job) noexcept {
    auto* mine = StageImpl<T>::of(self);
    return guard(mine->host, c, [&] {
      Call call(mine->host, c);
      mine->user.build(Job(job, &call), call);
    });
  }
  static constexpr pw_builder vtable{sizeof(pw_builder), 0, &StageImpl<T>::stage, build};
};

/// plugin.h says what the three functions promise. submit() returns the handle.
template <class T>
struct RemoteBuilder : StageImpl<T> {
  static constexpr const char* id = PW_REMOTE_BUILDER;
  static pw_status submit(void* self, pw_call* c, const pw_job* job) noexcept {
    auto* mine = StageImpl<T>::of(self);
    return guard(mine->host, c, [&] {
      Call call(mine->host, c);
      const std::string handle = mine->user.submit(Job(job, &call), call);
      call.emit("handle", JsonObject().member("handle", handle).take());
    });
  }
  static pw_status observe(void* self, pw_call* c, pw_str handles, std::uint64_t* nextMs) noexcept {
    auto* mine = StageImpl<T>::of(self);
    return guard(mine->host, c, [&] {
      Call call(mine->host, c);
      Observation observation(handles, &call);
      mine->user.observe(observation, call);
      *nextMs = static_cast<std::uint64_t>(observation.next().count());
    });
  }
  static pw_status withdraw(void* self, pw_call* c, pw_str handle) noexcept {
    auto* mine = StageImpl<T>::of(self);
    return guard(mine->host, c, [&] {
      Call call(mine->host, c);
      mine->user.withdraw(view(handle), call);
    });
  }
  static constexpr pw_remote_builder vtable{
      sizeof(pw_remote_builder), 0, &StageImpl<T>::stage, submit, observe, withdraw};
};

template <class T>
struct Source : StageImpl<T> {
  static constexpr const char* id = PW_SOURCE;
  static pw_status poll(void* self, pw_call* c, pw_str cursor, std::uint64_t* nextMs) noexcept {
    auto* mine = StageImpl<T>::of(self);
    return guard(mine->host, c, [&] {
      Call call(mine->host, c);
      Poll poll(cursor, &call);
      mine->user.poll(poll, call);
      *nextMs = static_cast<std::uint64_t>(poll.next().count());
    });
  }
  static int fd(void* self) noexcept {
    int out = -1;
    if constexpr (requires(T & t) { t.fd(); })
      guard(StageImpl<T>::of(self)->host, nullptr,
            [&] { out = StageImpl<T>::of(self)->user.fd(); });
    return out;
  }
  static constexpr pw_source vtable{sizeof(pw_source), 0, &StageImpl<T>::stage, poll, fd};
};

template <class... Stages>
const void* findInterface(const char* id) {
  const void* found = nullptr;
  ((std::string_view(id) == Stages::id ? void(found = &Stages::vtable) : void()), ...);
  return found;
}

template <class... Stages>
constexpr pw_module module(const char* id, const char* version) {
  return {PW_MAGIC, sizeof(pw_module),        PW_ABI_MAJOR, PW_ABI_MINOR, id, version,
          nullptr,  findInterface<Stages...>, nullptr};
}

}  // namespace pw

/// Defines the one exported symbol; constant-initialised, so no code runs at load. Id and version
/// are those of plugin.json.
#define PW_MODULE(ID, VERSION, ...)                                             \
  extern "C" {                                                                  \
  constexpr pw_module planwright_module = pw::module<__VA_ARGS__>(ID, VERSION); \
  }
