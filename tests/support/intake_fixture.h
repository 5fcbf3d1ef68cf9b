#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "intake/intake.h"
#include "support/fake_clock.h"
#include "support/intake_fakes.h"
#include "support/temp_folder.h"

namespace planwright {

/// One intake over a folder whose files the test reports by name. Time stands still between the
/// steps.
struct IntakeFixture : ::testing::Test {
  IntakeFixture() { restart(); }

  void restart(IntakeSettings settings = {}) {
    intake.reset();
    auto source = std::make_unique<ScriptedSource>(
        [this](std::string_view cursor, StageCall& call) {
          ++polls;
          seenCursor = cursor;
          if (onPoll) onPoll(call);
          StageOutcome poll;
          poll.items = std::exchange(items, {});
          poll.text = nextCursor.empty() ? std::string(cursor) : nextCursor;
          poll.next = nextPoll;
          poll.failure = failure;
          return poll;
        },
        &sourceUser);
    intake =
        std::make_unique<Intake>(settings, IntakeParts{std::move(source), recorder, blobs, clock,
                                                       metrics, [this] { return isHolder; }});
  }
  /// The source notices that name, and the intake takes one step.
  void notice(const std::string& name, const std::string& attributes = {}) {
    items.push_back({name, (folder / "in" / name).string(), {}, attributes});
    intake->step();
  }
  void stepAfter(std::chrono::milliseconds time) {
    clock.advance(time);
    intake->step();
  }
  void drop(const std::string& name, const std::string& bytes) {
    folder.write("in/" + name, bytes);
    notice(name);
  }
  std::vector<std::string> contents() {
    std::vector<std::string> out;
    for (const auto& input : recorder.inputs()) {
      for (const std::string text : {"A", "B", "small", "", "version 1", "version 2"}) {
        if (Digest::of(text) == input.digest) out.push_back(input.name + "=" + text);
      }
    }
    return out;
  }
  std::string onlyRefusal() {
    const auto all = recorder.refusals();
    return all.size() == 1 ? all[0].first + ": " + all[0].second : std::to_string(all.size());
  }

  TempFolder folder;
  bool made = std::filesystem::create_directory(folder / "in");
  FakeClock clock;
  MemoryRecorder recorder;
  Metrics metrics;
  FolderOnlyBlobs blobs{folder / "blobs"};
  bool isHolder = true;
  uid_t sourceUser = ::geteuid();
  int polls = 0;
  std::vector<SourceItem> items;
  std::string seenCursor, nextCursor;
  std::optional<Failure> failure;
  std::chrono::milliseconds nextPoll{0};
  std::function<void(StageCall&)> onPoll;
  std::unique_ptr<Intake> intake;
};

}  // namespace planwright
