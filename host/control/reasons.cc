#include "control/reasons.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/shown_text.h"

namespace planwright {

namespace {

constexpr std::string_view kTryAgain = "Press {button} to try again.";

constexpr std::array kCodes = {
    ReasonCode{"manual_mode", "{work} is manual for queue {queue}.", "Press {button}.", kTryAgain},
    ReasonCode{"approval_needed", "", "", kTryAgain},
    ReasonCode{"queue_paused", "Queue {queue} starts no {stage}s while it is paused.",
               "Resume the queue.", kTryAgain},
    ReasonCode{"queue_held", "Queue {queue} cannot {stage}: {held}", "Correct its settings.",
               kTryAgain},
    ReasonCode{"superseded", "", "", kTryAgain, true},
    ReasonCode{"limit", "Queue {queue} has no {stage} workers.", "Raise {stage}_workers.",
               "Raise the limit or make the work smaller, then press {button}."},
    ReasonCode{"waiting_for_worker", "No host that {stage}s is running.",
               "Start one: planwright serve.", kTryAgain},
    ReasonCode{"backoff", "Attempt {attempt} failed{error}; it is tried again at {time}.", "",
               kTryAgain},
    ReasonCode{"waiting_for_needs", "Waits for {needs}.", "", kTryAgain},
    ReasonCode{"file_not_stable", "", "", kTryAgain},
    ReasonCode{"resources", "Waits for a free job slot, or for a job that does the same.", "",
               kTryAgain},
    ReasonCode{"backend_pending", "", "", kTryAgain},
    ReasonCode{"planner_rejected_input", "", "", "Correct the file and drop it again.", true},
    ReasonCode{"job_failed", "", "", "Read the log of the failed job.", true},
    ReasonCode{"needs_failed", "", "", "Repair the job it needs first.", true},
    ReasonCode{"timeout", "", "",
               "Raise the time limit or make the work smaller, then press {button}.", true},
    ReasonCode{"worker_lost", "", "", kTryAgain, true},
    ReasonCode{"cancelled", "Somebody cancelled it; it is being stopped.", "", kTryAgain, true},
    ReasonCode{"plugin_error", "", "", kTryAgain, true},
    ReasonCode{"stuck", "It cannot be taken, and nothing says why.", "Run planwright doctor.",
               kTryAgain},
    ReasonCode{"internal", "", "", kTryAgain, true},
};

/// What an item's stage is called, and the button that starts it.
struct StageWords {
  std::string_view stage, work, button, recordedWhileManual;
};
constexpr StageWords kPlanning = {"plan", "Planning", "Generate plan",
                                  "It was recorded while planning was manual."};
constexpr StageWords kBuilding = {"build", "Building", "Enqueue build",
                                  "It was planned while building was manual."};

/// ": what went wrong", without its full stop.
std::string afterColon(std::string_view error) {
  if (error.empty()) return {};
  error.remove_suffix(error.size() - std::min(error.find_last_not_of('.') + 1, error.size()));
  return fmt::format(": {}", error);
}

std::string_view orElse(std::string_view text, std::string_view fallback) {
  return text.empty() ? fallback : text;
}

/// One code of an item that waits in a stage, in words.
Reason waitingReason(std::string_view code, const StageWords& words, const Row& item) {
  const ReasonCode* known = reasonCode(code);
  const bool isHeldByNobody = item.isNull("held");
  std::string_view message = known->message;
  std::string_view hint = known->hint;
  if (code == "manual_mode" && item.flag("is_auto")) message = words.recordedWhileManual;
  if (code == "queue_held" && isHeldByNobody)
    message = "No host has the queue {queue} in its configuration.";
  if (code == "queue_held" && item.flag("is_quarantined"))
    hint = "Install another version of the plugin, or release it.";
  const auto filled = [&](std::string_view text) {
    if (text.find('{') == std::string_view::npos) return std::string(text);
    return fmt::format(fmt::runtime(text), fmt::arg("work", words.work),
                       fmt::arg("stage", words.stage), fmt::arg("button", words.button),
                       fmt::arg("queue", item.text("queue")), fmt::arg("held", item.text("held")),
                       fmt::arg("attempt", item.text("attempt")),
                       fmt::arg("error", afterColon(item.text("error"))),
                       fmt::arg("time", rfc3339(item.text("next_attempt_at"))));
  };
  const bool isInLine = code == "waiting_for_worker";
  return {std::string(code), filled(message), filled(hint),
          rfc3339(item.text(isInLine ? "queued_at" : "updated_at"))};
}

/// The codes of a row: "{manual_mode,backoff}".
std::vector<std::string_view> codesOf(const Row& item) {
  std::vector<std::string_view> codes;
  std::string_view rest = item.text("codes");
  if (rest.size() <= 2) return codes;
  rest = rest.substr(1, rest.size() - 2);
  for (;;) {
    const auto comma = rest.find(',');
    codes.push_back(rest.substr(0, comma));
    if (comma == std::string_view::npos) return codes;
    rest.remove_prefix(comma + 1);
  }
}

/// `waiting`: the status of what can be taken.
std::vector<Reason> reasonsOf(const Row& item, const StageWords& words, std::string_view kind,
                              std::string_view waiting, std::string_view cancelled,
                              std::string_view superseded) {
  std::vector<Reason> reasons;
  const auto codes = codesOf(item);
  if (codes.empty()) return reasons;
  const std::string_view status = item.text("status");
  const auto add = [&](std::string_view message, std::string hint) {
    reasons.push_back({std::string(codes[0]), std::string(message), std::move(hint),
                       rfc3339(item.text("updated_at"))});
  };
  if (status == waiting && item.flag("cancel_requested")) {
    add(reasonCode("cancelled")->message, "");
  } else if (status == "failed") {
    add(failureMessage(kind, item.text("error")), failureHint(codes[0], words.button));
  } else if (status == "superseded") {
    add(superseded, "");
  } else if (status == "cancelled") {
    add(orElse(item.text("error"), cancelled),
        fmt::format("Press {} to {} it after all.", words.button, words.stage));
  } else {
    for (const auto code : codes) reasons.push_back(waitingReason(code, words, item));
  }
  return reasons;
}

/// Of an item that nothing keeps but its turn: a host died with another one.
void addBehind(const Row& item, std::string_view noun, std::vector<Reason>& reasons) {
  if (!reasons.empty() || item.isNull("behind")) return;
  reasons.push_back(
      {"waiting_for_worker",
       fmt::format("Waits until {} {} has had its turn alone.", noun, item.text("behind")),
       fmt::format("A host died with it; should the next one die, too, it is the "
                   "cause. Cancel it to go on at once: planwright cancel {} {}",
                   noun, item.text("behind")),
       rfc3339(item.text("queued_at"))});
}

}  // namespace

std::span<const ReasonCode> reasonCodes() {
  return kCodes;
}

const ReasonCode* reasonCode(std::string_view code) {
  const auto at = std::find_if(kCodes.begin(), kCodes.end(),
                               [&](const ReasonCode& each) { return each.code == code; });
  return at == kCodes.end() ? nullptr : &*at;
}

void writeReason(JsonWriter& json, const Reason& reason) {
  json.object();
  writeReasonMembers(json, reason);
  json.end();
}

void writeReasonMembers(JsonWriter& json, const Reason& reason) {
  json.member("code", reasonCode(reason.code) ? std::string_view(reason.code) : "internal")
      .member("message", shownText(reason.message))  // strangers name files in it
      .textOrNull("hint", reason.hint)
      .textOrNull("since", reason.since);
}

std::string failureHint(std::string_view code, std::string_view button) {
  const ReasonCode* known = reasonCode(code);
  return fmt::format(fmt::runtime(known ? known->failureHint : kTryAgain),
                     fmt::arg("button", button));
}

std::string_view failureMessage(std::string_view kind, std::string_view error) {
  if (!error.empty()) return error;
  if (kind == "input") return "Planning failed.";
  return kind == "plan" ? "The build failed." : "The job failed.";
}

Reason noJobSlots(std::string_view queue) {
  return {"limit", fmt::format("Queue {} has no job slots.", queue), "Raise job_slots.", {}};
}

std::vector<Reason> inputReasons(const Row& input) {
  const std::string by =
      input.isNull("superseded_by")
          ? "Newer content of this file was recorded."
          : fmt::format("Input {} has newer content of this file.", input.text("superseded_by"));
  auto reasons = reasonsOf(input, kPlanning, "input", "pending", "It was cancelled.", by);
  addBehind(input, "input", reasons);
  return reasons;
}

std::vector<Reason> planReasons(const Row& plan) {
  const std::string by = plan.isNull("superseded_by")
                             ? "A newer plan was made."
                             : fmt::format("Plan {} is newer.", plan.text("superseded_by"));
  auto reasons =
      reasonsOf(plan, kBuilding, "plan", "ready_for_build", "Its build was cancelled.", by);
  addBehind(plan, "plan", reasons);
  return reasons;
}

Reason waitsForWorker(std::string_view stage, const Row& item) {
  return {"waiting_for_worker", fmt::format("Waits for a free worker to {} it.", stage), "",
          rfc3339(item.text("queued_at"))};
}

Reason buildReason(const Row& build) {
  const std::string_view code = build.text("code"), error = build.text("error");
  const std::string_view status = build.text("status");
  if (status == "failed")
    return {std::string(code), std::string(failureMessage("plan", error)),
            failureHint(code, kBuilding.button), rfc3339(build.text("finished_at"))};
  if (status == "cancelled")
    return {std::string(code), std::string(orElse(error, "It was cancelled.")), "",
            rfc3339(build.text("finished_at"))};
  if (code.empty()) return {};
  return {std::string(code), "It goes on when a worker takes its plan again.",
          fmt::format("See why plan {} waits.", build.text("plan_id")),
          rfc3339(build.text("plan_updated_at"))};
}

Reason jobReason(const Row& job, const std::string& since) {
  const std::string_view code = job.text("code"), error = job.text("error");
  if (code.empty()) return {};
  const std::string_view status = job.text("status");
  const auto ended = [&](const std::string& fallback, const char* hint) {
    return Reason{std::string(code), std::string(orElse(error, fallback)), hint,
                  rfc3339(job.text("finished_at"))};
  };
  if (status == "failed")
    return ended(fmt::format("{} failed.", job.text("name")), "Read its log.");
  if (status == "timed_out")
    return ended(fmt::format("{} took too long.", job.text("name")),
                 "Raise its timeout or make it faster.");
  if (status == "dep_failed")
    return ended("A job it needs failed.", "Repair the job it needs first.");
  if (status == "cancelled") return ended("It was cancelled.", "");
  std::string needs;
  if (const auto list = parseJson(job.text("needs")); list && list->IsArray())
    for (const auto& name : list->GetArray())
      needs += (needs.empty() ? "" : ", ") + std::string(name.GetString());
  return {
      std::string(code),
      fmt::format(fmt::runtime(reasonCode(code)->message), fmt::arg("needs", needs),
                  fmt::arg("attempt", job.text("attempt")), fmt::arg("error", afterColon(error)),
                  fmt::arg("time", rfc3339(job.text("next_attempt_at")))),
      "", since};
}

std::string rfc3339(std::string_view postgresTime) {
  constexpr std::size_t kSeconds = 19;  // "2026-01-31 12:00:00", then ".5+00" or "+00"
  if (postgresTime.size() <= kSeconds || postgresTime[10] != ' ') return {};
  std::string text(postgresTime.substr(0, kSeconds));
  text[10] = 'T';
  text += ".000Z";
  if (postgresTime[kSeconds] != '.') return text;
  for (std::size_t i = kSeconds + 1; i < kSeconds + 4; ++i) {
    if (i >= postgresTime.size() || postgresTime[i] < '0' || postgresTime[i] > '9') break;
    text[i] = postgresTime[i];
  }
  return text;
}

}  // namespace planwright
