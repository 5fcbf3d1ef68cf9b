// planwright/work.hpp - what the host hands in: an input to plan, a job to build, a source's poll
// to fill in.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <planwright/call.hpp>
#include <planwright/json_object.hpp>
#include <rapidjson/encodings.h>
#include <rapidjson/memorystream.h>

namespace pw {

/// A recorded input. Views are valid until plan() returns.
class Input {
 public:
  Input(const pw_input* input, Call* call) : input_(input), call_(call) {}
  std::string_view id() const { return view(input_->id); }
  std::string_view name() const {
    return view(input_->name);
  }  ///< as dropped, e.g. "team/requirements.txt"
  std::string_view digest() const { return view(input_->digest); }
  std::string_view mediaType() const { return view(input_->media_type); }
  std::string_view attributesJson() const { return view(input_->attributes); }
  std::uint64_t size() const { return input_->bytes; }
  unsigned attempt() const { return input_->attempt; }
  /// W3C Trace Context of this attempt; empty if it belongs to no trace, or the host is older.
  std::string_view traceparent() const {
    return PW_REACHES(input_, traceparent) ? view(input_->traceparent) : std::string_view();
  }
  /// The whole content, read from the blob when it is large.
  std::string text() const {
    const std::string_view content = view(input_->inline_data);
    return !content.empty() || size() == 0 ? std::string(content) : call_->blob(digest());
  }

 private:
  const pw_input* input_;
  Call* call_;
};

/// A job to build. Views are valid until build() returns.
class Job {
 public:
  Job(const pw_job* job, Call* call) : job_(job), call_(call) {}
  std::string_view id() const { return view(job_->id); }
  std::string_view planId() const { return view(job_->plan_id); }
  std::string_view planDigest() const { return view(job_->plan_digest); }
  std::string_view specJson() const { return view(job_->spec); }  ///< as the planner wrote it
  std::string_view token() const {
    return view(job_->token);
  }  ///< the same when this attempt is repeated
  std::string_view workdir() const { return view(job_->workdir); }
  std::string_view inputsJson() const { return view(job_->inputs); }
  unsigned attempt() const { return job_->attempt; }
  std::string_view traceparent() const {
    return PW_REACHES(job_, traceparent) ? view(job_->traceparent) : std::string_view();
  }  ///< as Input's
  /// Names a blob as one of the job's artifacts. Files in the work folder that match the job's
  /// output globs become artifacts by themselves.
  void output(std::string_view name, std::string_view digest) const {
    call_->emit("output", JsonObject().member("name", name).member("digest", digest).take());
  }

 private:
  const pw_job* job_;
  Call* call_;
};

/// What a source found. The host stores items and cursor in one transaction.
class Poll {
 public:
  Poll(pw_str cursor, Call* call) : cursor_(view(cursor)), call_(call) {}
  std::string_view cursor() const {
    return cursor_;
  }  ///< what was set last time; empty at the first poll

  /// A file to be recorded: `name` is what people see, `path` is absolute. A name that is not UTF-8
  /// is refused.
  void file(std::string_view name, std::string_view path, std::string_view attributesJson = {}) {
    emit(name, "path", path, attributesJson);
  }
  /// Bytes that are a blob already (Call::putBlob).
  void blob(std::string_view name, std::string_view digest, std::string_view attributesJson = {}) {
    emit(name, "digest", digest, attributesJson);
  }
  /// This will not become an input, and why: an event, once. `name` may have any bytes.
  void refuse(std::string_view name, std::string_view reason) {
    const std::string shown = isUtf8(name) ? std::string(name) : escaped(name);
    call_->event("refused", JsonObject().member("name", shown).member("reason", reason).take());
  }
  void setCursor(std::string_view json) { call_->emit("cursor", json); }
  void next(std::chrono::milliseconds wait) { next_ = wait; }  ///< default 1 s
  std::chrono::milliseconds next() const { return next_; }

 private:
  void emit(std::string_view name, const char* kind, std::string_view value,
            std::string_view attributesJson) {
    if (!isUtf8(name)) return refuse(name, "its name is not UTF-8; rename it");
    JsonObject input;
    input.member("name", name).member(kind, value);
    if (!attributesJson.empty()) input.object("attributes", attributesJson);
    call_->emit("input", input.take());
  }

  static bool isUtf8(std::string_view name) {
    rapidjson::MemoryStream bytes(name.data(), name.size());
    unsigned codepoint = 0;
    while (bytes.Tell() < name.size())
      if (!rapidjson::UTF8<>::Decode(bytes, &codepoint)) return false;
    return true;
  }
  /// Every byte that is not ASCII as \xNN.
  static std::string escaped(std::string_view name) {
    static constexpr char kHex[] = "0123456789abcdef";
    std::string out;
    for (const char c : name) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte >= 0x20 && byte < 0x7f)
        out += c;
      else
        out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
    return out;
  }

  std::string_view cursor_;
  Call* call_;
  std::chrono::milliseconds next_{1000};
};

}  // namespace pw
