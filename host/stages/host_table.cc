#include "stages/host_table.h"

#include <algorithm>
#include <cstring>

#include "base/log.h"
#include "stages/blob_file.h"
#include "stages/clean_text.h"
#include "stages/exec_service.h"
#include "stages/inproc_call.h"

namespace planwright {
namespace {

std::string_view view(pw_str text) {
  return {text.ptr ? text.ptr : "", text.len};
}

/// The running call, or null if the plugin uses a call that has ended or never existed.
StageCall* running(pw_call* call) {
  return call ? call->stage.load(std::memory_order_acquire) : nullptr;
}

/// Like running(), and counts as a sign of life of the call.
StageCall* living(pw_call* call) {
  StageCall* found = running(call);
  if (found) found->live();
  return found;
}

/// Runs `body` for a plugin. Our own exceptions must not cross its frames.
template <class Body, class Value>
Value bridged(pw_call* call, Value onError, Body body) noexcept {
  try {
    return body();
  } catch (...) {
    if (call) {
      const std::lock_guard lock(call->mutex);
      if (!call->hostError) call->hostError = std::current_exception();
    }
    return onError;
  }
}

/// What a plugin gets to see of an Error of ours.
pw_status statusOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Unavailable:
      return PW_RETRY;
    case ErrorKind::Invalid:
    case ErrorKind::NotFound:
    case ErrorKind::Gone:
    case ErrorKind::TooLarge:
      return PW_REJECT;
    case ErrorKind::Conflict:
    case ErrorKind::Stale:
    case ErrorKind::Forbidden:
    case ErrorKind::Failed:
      return PW_FAIL;
  }
  return PW_FAIL;
}

pw_status refused(pw_call* call, const Error& error) {
  call->explain(error.message);
  return statusOf(error.kind);
}

pw_status notGranted(pw_call* call, std::string_view name, std::string_view remedy) {
  call->explain("The secret " + std::string(name) + " is not granted: " + std::string(remedy) +
                ".");
  return PW_CONFIG;
}

}  // namespace

struct HostFunctions {
  static HostTable& of(void* ctx) { return *static_cast<HostTable*>(ctx); }

  static const void* getInterface(void*, const char* id) {
    static constexpr pw_exec exec{sizeof(pw_exec), 0, run};
    static constexpr pw_place place{sizeof(pw_place), 0, folder, maxBytes};
    if (id && std::strcmp(id, PW_EXEC) == 0) return &exec;
    return id && std::strcmp(id, PW_PLACE) == 0 ? &place : nullptr;
  }

  static pw_status folder(void*, pw_call* c, void* arg, void (*sink)(void*, pw_str)) {
    return bridged(c, pw_status{PW_RETRY}, [&]() -> pw_status {
      auto* call = living(c);
      if (!call) return PW_BUG;
      const std::string path = call->services().place().folder;
      if (path.empty()) return PW_UNSUPPORTED;
      sink(arg, {path.data(), path.size()});
      return PW_OK;
    });
  }

  static std::uint64_t maxBytes(void*, pw_call* c) {
    return bridged(c, std::uint64_t{0}, [&]() -> std::uint64_t {
      auto* call = living(c);
      return call ? static_cast<std::uint64_t>(call->services().place().maxBytes) : 0;
    });
  }

  static void log(void* ctx, pw_call* c, std::int32_t level, pw_str message, pw_str fields) {
    bridged(c, 0, [&] {
      if (auto* call = living(c)) {
        call->services().log(level, c->masked(view(message), kLogLimitBytes),
                             c->masked(view(fields), kLogLimitBytes));
        return 0;
      }
      const auto line = of(ctx).masked(view(message), kLogLimitBytes);
      const auto& plugin = of(ctx).plugin_;
      if (level >= PW_ERROR)
        log::error("plugin {}: {}", plugin, line);
      else if (level == PW_WARN)
        log::warn("plugin {}: {}", plugin, line);
      else if (level == PW_INFO)
        log::info("plugin {}: {}", plugin, line);
      else
        log::debug("plugin {}: {}", plugin, line);
      return 0;
    });
  }

  static void metric(void* ctx, pw_call* c, std::int32_t kind, pw_str name, double value,
                     pw_str labels) {
    bridged(c, 0, [&] {
      if (auto* call = running(c))
        call->services().metric(kind, view(name), value, c->masked(view(labels), kLogLimitBytes));
      else if (of(ctx).count_)
        of(ctx).count_(kind, view(name), value, of(ctx).masked(view(labels), kLogLimitBytes));
      return 0;
    });
  }

  static void event(void*, pw_call* c, pw_str type, pw_str body) {
    bridged(c, 0, [&] {
      if (auto* call = living(c))
        call->services().event(view(type), c->masked(view(body), kLogLimitBytes));
      return 0;
    });
  }

  static std::int32_t progress(void*, pw_call* c, std::uint64_t done, std::uint64_t total,
                               pw_str note) {
    return bridged(c, std::int32_t{PW_STOP_DRAIN}, [&] {
      auto* call = living(c);
      if (!call) return std::int32_t{PW_STOP_USER};
      call->services().progress(done, total, c->masked(view(note), kNoteLimitBytes));
      return std::int32_t{call->reasonForPlugin()};
    });
  }

  static std::int32_t cancelled(void*, pw_call* c) {
    const auto* call = running(c);
    return call ? std::int32_t{call->reasonForPlugin()} : PW_STOP_USER;
  }

  static pw_status emit(void*, pw_call* c, pw_str kind, pw_str json) {
    return bridged(c, pw_status{PW_RETRY},
                   [&] { return c ? c->emit(view(kind), view(json)) : pw_status{PW_BUG}; });
  }

  static void fail(void* ctx, pw_call* c, pw_status why, pw_str message, pw_str details,
                   std::uint64_t retryAfterMs) {
    bridged(c, 0, [&] {
      if (c)
        c->fail(why, view(message), view(details), retryAfterMs);
      else
        log::warn("plugin {}: {}", of(ctx).plugin_, of(ctx).masked(view(message), kLogLimitBytes));
      return 0;
    });
  }

  static int blobGet(void*, pw_call* c, pw_str text) {
    return bridged(c, -PW_RETRY, [&]() -> int {
      auto* call = living(c);
      if (!call) return -PW_BUG;
      const auto digest = Digest::parse(view(text));
      if (!digest) return -refused(c, invalid("not a blob digest: " + cleanText(view(text), 100)));
      auto blob = call->services().openBlob(*digest);
      return blob ? blob->release() : -refused(c, blob.error());
    });
  }

  static int blobPut(void*, pw_call* c, int fd, pw_str mediaType, char out[80]) {
    return bridged(c, -PW_RETRY, [&]() -> int {
      auto* call = living(c);
      if (!call) return -PW_BUG;
      if (auto ok = checkBlobFile(fd); !ok) return -refused(c, ok.error());
      const auto digest = call->services().putBlob(
          fd, view(mediaType), [call](bool) { return call->reason() == StopReason::None; });
      if (!digest) return -refused(c, digest.error());
      std::memcpy(out, digest->text().c_str(), digest->text().size() + 1);
      return 0;
    });
  }

  static pw_status secret(void* ctx, pw_call* c, pw_str name, void* arg,
                          void (*sink)(void*, pw_str)) {
    return bridged(c, pw_status{PW_RETRY}, [&]() -> pw_status {
      auto* call = living(c);
      if (!call) return PW_BUG;
      const auto& allowed = of(ctx).secrets_;
      if (std::find(allowed.begin(), allowed.end(), view(name)) == allowed.end())
        return notGranted(c, view(name), "the plugin does not list it in its manifest");
      const auto value = call->services().secret(view(name));
      if (!value) return notGranted(c, view(name), "name it in secrets: of this stage");
      if (!value->empty()) {
        of(ctx).given_.lock()->add(*value);
        const std::lock_guard lock(c->mutex);
        c->secrets.add(*value);
      }
      sink(arg, {value->data(), value->size()});
      return PW_OK;
    });
  }

  static pw_status run(void* ctx, pw_call* c, pw_str spec, void* arg, void (*sink)(void*, pw_str)) {
    return bridged(c, pw_status{PW_RETRY}, [&]() -> pw_status {
      auto* call = living(c);
      if (!call) return PW_BUG;
      auto& host = of(ctx);
      auto elsewhere = call->services().execute(view(spec));
      const auto result =
          elsewhere ? std::move(*elsewhere)
                    : runProgram(view(spec), *call, host.programs_, host.folders_, host.exec_);
      if (!result) return refused(c, result.error());
      sink(arg, {result->data(), result->size()});
      return PW_OK;
    });
  }
};

std::string HostTable::masked(std::string_view text, std::size_t limitBytes) {
  return cleanText(given_.lock()->without(text.substr(0, std::min(text.size(), 2 * limitBytes))),
                   limitBytes);
}

HostTable::HostTable(const Manifest& plugin, Programs& programs, std::filesystem::path workFolder,
                     CountMetric count)
    : plugin_(plugin.id),
      secrets_(plugin.secrets),
      exec_(plugin.exec),
      programs_(programs),
      folders_(std::move(workFolder)),
      count_(std::move(count)) {
  static constexpr std::string_view kName = "planwright", kVersion = PLANWRIGHT_VERSION;
  table_ = {sizeof(pw_host),
            PW_ABI_MAJOR,
            PW_ABI_MINOR,
            0,
            {kName.data(), kName.size()},
            {kVersion.data(), kVersion.size()},
            this,
            HostFunctions::getInterface,
            HostFunctions::log,
            HostFunctions::metric,
            HostFunctions::event,
            HostFunctions::progress,
            HostFunctions::cancelled,
            HostFunctions::emit,
            HostFunctions::fail,
            HostFunctions::blobGet,
            HostFunctions::blobPut,
            HostFunctions::secret};
}

}  // namespace planwright
