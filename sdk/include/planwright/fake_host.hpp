// planwright/fake_host.hpp - the members of FakeHost. Included by testing.hpp; not to be included
// alone.
#pragma once

#include <planwright/testing.hpp>

namespace pw::testing {

inline std::string readAll(int fd) {
  std::string out;
  char buffer[65536];
  for (ssize_t n; (n = ::read(fd, buffer, sizeof buffer)) > 0;)
    out.append(buffer, static_cast<std::size_t>(n));
  return out;
}

/// A read-only descriptor at the start of these bytes, or -1.
inline int fileOf(std::string_view bytes) {
  const int fd = ::memfd_create("blob", MFD_CLOEXEC);
  for (std::size_t at = 0; fd >= 0 && at < bytes.size();) {
    const ssize_t n = ::write(fd, bytes.data() + at, bytes.size() - at);
    if (n <= 0) return ::close(fd), -1;
    at += static_cast<std::size_t>(n);
  }
  if (fd >= 0) ::lseek(fd, 0, SEEK_SET);
  return fd;
}

/// The functions of the table. `c` is the address of the FakeHost while a call runs.
struct FakeHostFunctions {
  static FakeHost& of(void* ctx) { return *static_cast<FakeHost*>(ctx); }
  static pw_call* callOf(FakeHost* host) { return reinterpret_cast<pw_call*>(host); }

  static const void* getInterface(void* ctx, const char* id) {
    static constexpr pw_exec table{sizeof(pw_exec), 0, run};
    static constexpr pw_place place{sizeof(pw_place), 0, folder, maxBytes};
    if (id && std::strcmp(id, PW_PLACE) == 0) return &place;
    return of(ctx).exec && id && std::strcmp(id, PW_EXEC) == 0 ? &table : nullptr;
  }
  static pw_status folder(void* ctx, pw_call* c, void* arg, void (*sink)(void*, pw_str)) {
    auto& host = of(ctx);
    {
      const std::lock_guard lock(host.mutex_);
      if (host.use(c, true)) return host.failWith;
    }
    if (host.folder.empty()) return PW_UNSUPPORTED;
    sink(arg, str(host.folder));
    return PW_OK;
  }
  static std::uint64_t maxBytes(void* ctx, pw_call* c) {
    auto& host = of(ctx);
    const std::lock_guard lock(host.mutex_);
    host.use(c, false);
    return host.maxBytes;
  }
  static void log(void* ctx, pw_call* c, std::int32_t level, pw_str message, pw_str fields) {
    auto& host = of(ctx);
    const std::lock_guard lock(host.mutex_);
    if (c) host.use(c, false);
    host.logs.push_back({level, std::string(view(message)), std::string(view(fields))});
  }
  static void metric(void* ctx, pw_call* c, std::int32_t, pw_str name, double value, pw_str) {
    auto& host = of(ctx);
    const std::lock_guard lock(host.mutex_);
    if (c) host.use(c, false);
    host.metrics[std::string(view(name))] = value;
  }
  static void event(void* ctx, pw_call* c, pw_str type, pw_str body) {
    auto& host = of(ctx);
    const std::lock_guard lock(host.mutex_);
    host.use(c, false);
    host.events.push_back({std::string(view(type)), std::string(view(body))});
  }
  static std::int32_t progress(void* ctx, pw_call* c, std::uint64_t done, std::uint64_t total,
                               pw_str note) {
    auto& host = of(ctx);
    const std::lock_guard lock(host.mutex_);
    host.use(c, false);
    host.progress.push_back({done, total, std::string(view(note))});
    return host.isCancelled_ ? PW_STOP_USER : PW_RUN;
  }
  static std::int32_t cancelled(void* ctx, pw_call* c) {
    auto& host = of(ctx);
    const std::lock_guard lock(host.mutex_);
    host.use(c, false);
    return host.isCancelled_ ? PW_STOP_USER : PW_RUN;
  }
  static pw_status emit(void* ctx, pw_call* c, pw_str kind, pw_str json) {
    auto& host = of(ctx);
    const std::lock_guard lock(host.mutex_);
    if (host.use(c, true)) return host.failWith;
    if (host.hasEnded_) return host.breach("a result after fail()"), PW_BUG;
    if (!host.wanted_.empty()) {
      if (view(kind) != host.wanted_)
        return host.breach("it emitted \"" + std::string(view(kind)) + "\""), PW_BUG;
      if (host.hasResult_) return host.breach("a second " + host.wanted_), PW_BUG;
    }
#if PLANWRIGHT_READS_PLANS
    if (view(kind) == "plan")
      if (const std::string why = plan_rules::whyNot(view(json)); !why.empty())
        return host.breach("its plan breaks the rules: " + why), PW_BUG;
#endif
    host.hasResult_ = true;
    host.emits.push_back({std::string(view(kind)), std::string(view(json))});
    return PW_OK;
  }
  static void fail(void* ctx, pw_call* c, pw_status why, pw_str message, pw_str details,
                   std::uint64_t retryAfterMs) {
    auto& host = of(ctx);
    const std::lock_guard lock(host.mutex_);
    if (!c || host.hasEnded_) return;
    host.use(c, false);
    host.hasEnded_ = true;
    host.end_ = {why, std::string(view(message)), std::string(view(details)), retryAfterMs};
  }
  static int blobGet(void* ctx, pw_call* c, pw_str digest) {
    auto& host = of(ctx);
    const std::lock_guard lock(host.mutex_);
    if (host.use(c, true)) return -host.failWith;
    std::string bytes;
    if (!host.has(view(digest), bytes)) return -PW_REJECT;
    const int fd = fileOf(bytes);
    return fd < 0 ? -PW_RETRY : fd;
  }
  static int blobPut(void* ctx, pw_call* c, int fd, pw_str, char out[80]) {
    auto& host = of(ctx);
    const std::lock_guard lock(host.mutex_);
    if (host.use(c, true)) return -host.failWith;
    const std::string digest = host.blob(readAll(fd));
    std::memcpy(out, digest.c_str(), digest.size() + 1);
    return 0;
  }
  static pw_status secret(void* ctx, pw_call* c, pw_str name, void* arg,
                          void (*sink)(void*, pw_str)) {
    auto& host = of(ctx);
    std::string value;
    {
      const std::lock_guard lock(host.mutex_);
      if (host.use(c, true)) return host.failWith;
      const auto at = host.secrets.find(std::string(view(name)));
      if (at == host.secrets.end()) return PW_CONFIG;
      value = at->second;
    }
    sink(arg, str(value));
    return PW_OK;
  }
  static pw_status run(void* ctx, pw_call* c, pw_str spec, void* arg, void (*sink)(void*, pw_str)) {
    auto& host = of(ctx);
    {
      const std::lock_guard lock(host.mutex_);
      if (host.use(c, true)) return host.failWith;
    }
    const std::string result = host.exec(view(spec));
    sink(arg, str(result));
    return PW_OK;
  }
};

inline FakeHost::FakeHost() {
  using F = FakeHostFunctions;
  table_ = {sizeof(pw_host), PW_ABI_MAJOR, PW_ABI_MINOR,    0,       str("fake"),
            str("0"),        this,         F::getInterface, F::log,  F::metric,
            F::event,        F::progress,  F::cancelled,    F::emit, F::fail,
            F::blobGet,      F::blobPut,   F::secret};
}

/// Counts one use of the host. True: this is the one that is to fail.
inline bool FakeHost::use(pw_call* call, bool fallible) {
  if (!isRunning_ || call != FakeHostFunctions::callOf(this)) breach("a call that is over");
  ++uses;
  if (cancelAt && uses >= cancelAt && !isCancelled_) {
    isCancelled_ = true;
    if (PW_HAS(stage_, interrupt) && self_)  // it may need locks that its caller holds
      interrupter_ =
          std::thread([this] { stage_->interrupt(self_, FakeHostFunctions::callOf(this)); });
  }
  if (!fallible || ++canFail != failAt) return false;
  return hasFailed = true;
}

inline void FakeHost::breach(const std::string& what) {
  if (broken_.empty()) broken_ = "The stage broke its contract: " + what + ".";
}

inline bool FakeHost::has(std::string_view digest, std::string& bytes) const {
  if (const auto at = blobs_.find(std::string(digest)); at != blobs_.end())
    return bytes = at->second, true;
  if (blobFolder.empty()) return false;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(blobFolder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), {});
    if (sha256(bytes) == digest) return true;
  }
  return false;
}

inline std::string FakeHost::blob(std::string_view bytes) {
  const std::string digest = sha256(bytes);
  blobs_[digest] = bytes;
  return digest;
}

inline std::vector<std::string> FakeHost::emitted(std::string_view kind) const {
  std::vector<std::string> out;
  for (const auto& emit : emits)
    if (emit.kind == kind) out.push_back(emit.json);
  return out;
}

/// One function of the stage, from its begin to its end. `wanted`: what it must emit once.
template <class Enter>
End FakeHost::enter(const pw_stage& stage, void* self, const char* wanted, Enter enter) {
  {
    const std::lock_guard lock(mutex_);
    stage_ = &stage, self_ = self, wanted_ = wanted;
    isRunning_ = true, hasResult_ = isCancelled_ = hasEnded_ = false;
    end_ = {}, broken_.clear();
  }
  const pw_status status = enter(FakeHostFunctions::callOf(this));
  if (interrupter_.joinable()) interrupter_.join();
  const std::lock_guard lock(mutex_);
  isRunning_ = false;
  if (!hasEnded_) end_.status = status;
  if (end_.ok() && status != PW_OK) end_.status = status;
  if (end_.ok() && !wanted_.empty() && !hasResult_) breach("success without a " + wanted_);
  if (!broken_.empty()) end_ = {PW_BUG, broken_};
  return end_;
}

inline End FakeHost::create(const pw_stage& stage, std::string_view settings, void** self) {
  return enter(stage, nullptr, "", [&](pw_call* c) {
    return stage.create(&table_, c, str("test"), str(settings), self);
  });
}

/// The life of one instance around `work`.
template <class Work>
End FakeHost::live(const pw_stage* stage, std::string_view settings, Work work) {
  void* self = nullptr;
  End end = create(*stage, settings, &self);
  if (!end.ok()) return end;
  const bool hasStart = PW_HAS(stage, start);
  if (hasStart) end = enter(*stage, self, "", [&](pw_call* c) { return stage->start(self, c); });
  if (end.ok()) {
    end = work(self);
    if (PW_HAS(stage, drain)) stage->drain(self);
    if (hasStart && PW_HAS(stage, stop))
      enter(*stage, self, "", [&](pw_call* c) { return stage->stop(self, c), pw_status{PW_OK}; });
  }
  stage->destroy(self);
  return end;
}

inline End FakeHost::open(const pw_module& module) {
  static constexpr pw_stage kNone{};
  if (module.size < offsetof(pw_module, open) + sizeof module.open || !module.open) return {};
  return enter(kNone, nullptr, "", [&](pw_call* c) { return module.open(&table_, c); });
}

inline End FakeHost::plan(const pw_planner& table, const GivenInput& input,
                          std::string_view settings) {
  const std::string digest = blob(input.content);
  const bool isInline = input.content.size() <= 65536;
  const pw_input in{sizeof(pw_input),
                    input.attempt,
                    str("1"),
                    str(input.name),
                    str(digest),
                    str("application/octet-stream"),
                    str(input.attributesJson),
                    input.content.size(),
                    str(isInline ? std::string_view(input.content) : std::string_view()),
                    str(input.traceparent)};
  return live(table.stage, settings, [&](void* self) {
    return enter(*table.stage, self, "plan", [&](pw_call* c) { return table.plan(self, c, &in); });
  });
}

/// The job as the tables take it; the texts are the job's own.
struct JobForm {
  explicit JobForm(const GivenJob& job)
      : plan(sha256("")),
        form{sizeof(pw_job),      job.attempt,         str(job.id),    str("1"),
             str(plan),           str(job.specJson),   str(job.token), str(job.workdir),
             str(job.inputsJson), str(job.traceparent)} {}
  const std::string plan;
  const pw_job form;
};

inline End FakeHost::build(const pw_builder& table, const GivenJob& job,
                           std::string_view settings) {
  const JobForm given(job);
  return live(table.stage, settings, [&](void* self) {
    return enter(*table.stage, self, "",
                 [&](pw_call* c) { return table.build(self, c, &given.form); });
  });
}

inline End FakeHost::submit(const pw_remote_builder& table, const GivenJob& job,
                            std::string_view settings) {
  const JobForm given(job);
  return live(table.stage, settings, [&](void* self) {
    return enter(*table.stage, self, "handle",
                 [&](pw_call* c) { return table.submit(self, c, &given.form); });
  });
}

inline End FakeHost::observe(const pw_remote_builder& table, std::string_view handlesJson,
                             std::string_view settings) {
  return live(table.stage, settings, [&](void* self) {
    std::uint64_t next = 0;
    End end = enter(*table.stage, self, "",
                    [&](pw_call* c) { return table.observe(self, c, str(handlesJson), &next); });
    end.nextPollMs = next;
    return end;
  });
}

inline End FakeHost::withdraw(const pw_remote_builder& table, std::string_view handle,
                              std::string_view settings) {
  return live(table.stage, settings, [&](void* self) {
    return enter(*table.stage, self, "",
                 [&](pw_call* c) { return table.withdraw(self, c, str(handle)); });
  });
}

inline End FakeHost::poll(const pw_source& table, std::string_view cursor,
                          std::string_view settings) {
  return live(table.stage, settings, [&](void* self) {
    std::uint64_t next = 0;
    End end = enter(*table.stage, self, "",
                    [&](pw_call* c) { return table.poll(self, c, str(cursor), &next); });
    end.nextPollMs = next;
    return end;
  });
}

}  // namespace pw::testing
