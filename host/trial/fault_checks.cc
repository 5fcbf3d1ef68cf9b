#include <map>

#include <fmt/format.h>

#include "base/json.h"
#include "trial/trial_module.h"

namespace planwright {
namespace {

using pw::testing::End;
using pw::testing::FakeHost;

constexpr int kMostUses = 12;

/// A stage may react to a failing host in any way that is no bug, but must not report success
/// without a result.
CheckOutcome hostFails(const CheckSubject& subject, pw_status how) {
  return forEachStage(subject, [&](const TrialModule& module, const std::string& stage) {
    for (int n = 1; n <= kMostUses; ++n) {
      FakeHost host;
      host.failAt = n;
      host.failWith = how;
      // Larger than what is handed over inline, so that a planner must fetch it.
      CheckSample sample = plainSample(subject, stage);
      if (n > kMostUses / 2 && stage == PW_PLANNER)
        while (sample.content.size() <= (1 << 16)) sample.content += "line\n";
      const End end = module.work(host, stage, sample);
      if (host.hasFailed && end.status == PW_BUG)
        return wrong(stage,
                     fmt::format("the host's failure at use {} ends in a bug: {}", n, end.message));
      if (host.hasFailed && end.ok() && host.emits.empty() && host.canFail == 1)
        return wrong(stage, "its result was refused, and it says that all is well.");
    }
    return CheckOutcome::passed();
  });
}

CheckOutcome hostFailsForNow(const CheckSubject& subject) {
  return hostFails(subject, PW_RETRY);
}

CheckOutcome hostRefuses(const CheckSubject& subject) {
  return hostFails(subject, PW_REJECT);
}

CheckOutcome blobMissing(const CheckSubject& subject) {
  return forEachStage(subject, [&](const TrialModule& module, const std::string& stage) {
    FakeHost host;
    host.failAt = 1;
    host.failWith = PW_REJECT;
    const End end = module.work(host, stage, {"large.txt", std::string(1 << 20, 'x')});
    return end.status == PW_BUG
               ? wrong(stage, "an input whose blob is gone ends in a bug: " + end.message)
               : CheckOutcome::passed();
  });
}

CheckOutcome secretDenied(const CheckSubject& subject) {
  if (subject.manifest.secrets.empty()) return CheckOutcome::skipped("It asks for no secrets.");
  return forEachStage(subject, [&](const TrialModule& module, const std::string& stage) {
    FakeHost host;  // it grants none
    const End end = module.work(host, stage, plainSample(subject, stage));
    return end.status == PW_BUG
               ? wrong(stage, "a secret that is not granted ends in a bug: " + end.message)
               : CheckOutcome::passed();
  });
}

CheckOutcome cancelledAtEveryUse(const CheckSubject& subject) {
  return forEachStage(subject, [&](const TrialModule& module, const std::string& stage) {
    for (int n = 1; n <= kMostUses; ++n) {
      FakeHost host;
      host.cancelAt = n;
      const End end = module.work(host, stage, plainSample(subject, stage));
      if (end.status == PW_BUG)
        return wrong(stage, fmt::format("being stopped at use {} of the host ends in a bug: {}", n,
                                        end.message));
    }
    return CheckOutcome::passed();
  });
}

bool settingsFit(const CheckSubject& subject, const JsonValue& settings) {
  const auto schema = JsonSchema::compile(subject.manifest.settingsSchemaJson);
  return schema && schema->validate(settings);
}

/// Settings that keep the schema as far as types go, and mean nothing.
std::string oddSettings(const CheckSubject& subject) {
  auto settings = parseJson(subject.settings);
  const auto schema = parseJson(subject.manifest.settingsSchemaJson);
  const auto* properties = find(*schema, "properties");
  if (!properties) return subject.settings;
  auto& memory = settings->GetAllocator();
  for (const auto& property : properties->GetObject()) {
    const std::string type = textOr(property.value, "type");
    JsonValue odd;
    if (type == "string" && !find(property.value, "enum"))
      odd.SetString("\xE2\x98\x83 ../../", memory);
    if (type == "integer") odd.SetInt64(-1);
    if (odd.IsNull()) continue;
    const auto at = settings->FindMember(property.name);
    const JsonValue before =
        at == settings->MemberEnd() ? JsonValue() : JsonValue(at->value, memory);
    if (at == settings->MemberEnd())
      settings->AddMember(JsonValue(property.name, memory), odd, memory);
    else
      at->value = odd;
    if (settingsFit(subject, *settings)) continue;
    if (before.IsNull())
      settings->RemoveMember(property.name);
    else
      settings->FindMember(property.name)->value = JsonValue(before, memory);
  }
  return toJson(*settings);
}

CheckOutcome oddSettingsAreNoBug(const CheckSubject& subject) {
  CheckSubject odd = subject;
  odd.settings = oddSettings(subject);
  return forEachStage(odd, [&](const TrialModule& module, const std::string& stage) {
    FakeHost host;
    const End end = module.work(host, stage, plainSample(odd, stage));
    return end.status == PW_BUG
               ? wrong(stage, fmt::format("the settings {} keep its schema and end in a bug: {}",
                                          odd.settings, end.message))
               : CheckOutcome::passed();
  });
}

/// Two versions side by side, as in a reload: each has its own code.
CheckOutcome sideBySide(const CheckSubject& subject) {
  const auto other = TrialModule::load(subject);
  if (!other) return CheckOutcome::failed(other.error().message);
  return forEachStage(subject, [&](const TrialModule& module, const std::string& stage) {
    return &module.life(stage) == &(*other)->life(stage)
               ? wrong(stage, "a second version would run the first one's code.")
               : CheckOutcome::passed();
  });
}

CheckOutcome unloads(const CheckSubject& subject) {
  const auto manifest = parseJson(subject.manifest.json);
  if (textOr(*manifest, "reload") != "unload")
    return CheckOutcome::skipped("plugin.json does not say \"reload\": \"unload\".");
  auto module = TrialModule::load(subject);
  (*module)->open();
  FakeHost host;
  for (const auto& stage : workingStages(subject))
    (*module)->work(host, stage, plainSample(subject, stage));
  return (*module)->unload()
             ? CheckOutcome::passed()
             : CheckOutcome::failed("dlclose() does not remove it: something keeps it in memory.");
}

}  // namespace

std::vector<Check> faultChecks() {
  return {
      {"faults", "host-fails-for-now", hostFailsForNow,
       "Look at every status that the host gives; pw::Call throws for you."},
      {"faults", "host-refuses", hostRefuses,
       "Look at every status that the host gives; pw::Call throws for you."},
      {"faults", "blob-missing", blobMissing, "blob_get() may give a negative number."},
      {"faults", "secret-denied", secretDenied, "Say which secret is missing, with PW_CONFIG."},
      {"faults", "host-cancels-at-call-n", cancelledAtEveryUse,
       "A stop is no bug: return PW_CANCELLED, or go on to the end."},
      {"faults", "odd-settings", oddSettingsAreNoBug,
       "Tighten the schema, or say pw::badSetting() in the constructor."},
  };
}

std::vector<Check> reloadChecks() {
  return {
      {"reload", "side-by-side-isolated", sideBySide,
       "Build it with planwright_add_plugin(), which hides all but one symbol."},
      {"reload", "unload-really-unloads", unloads,
       "Say \"reload\": \"any\", or find what pins it: unique symbols, thread_local destructors."},
  };
}

std::vector<Check> allChecks() {
  std::vector<Check> all;
  for (const auto& group : {staticChecks(), loadChecks(), lifeChecks(), workChecks(), modeChecks(),
                            faultChecks(), reloadChecks()})
    all.insert(all.end(), group.begin(), group.end());
  return all;
}

}  // namespace planwright
