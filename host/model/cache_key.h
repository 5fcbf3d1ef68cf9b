#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "model/plan_document.h"

namespace planwright {

/// The builder as far as results depend on it.
struct BuilderIdentity {
  std::string plugin;        ///< "planwright.command 0.1.0"
  std::string digest;        ///< of its file
  std::string settingsJson;  ///< with the defaults filled in
};

/// What the result of a job depends on, part by part: "command", "env:LANG", "tool:gcc",
/// "input:a.c", "outputs", "needs", "builder", "sandbox", "setting:…", "spec:…". Values are short
/// texts or digests of long ones, so that people can read what changed.
using CacheParts = std::map<std::string, std::string>;

/// `inputs`: digest by path of all that come from other jobs. `needsJson`: outputs of the needs, as
/// the builder is told them. Timeouts and resources are left out: they decide whether a job ends,
/// not with what. So they belong to the key of a failure.
CacheParts cacheParts(const PlannedJob& job, const std::map<std::string, std::string>& inputs,
                      std::string_view needsJson, const BuilderIdentity& builder);
Digest cacheKey(const CacheParts& parts);

/// What is kept with a job: {"result","why","key","parts"}; result: hit | miss | off.
std::string cacheNote(std::string_view result, std::string_view why, std::string_view key,
                      const CacheParts& parts);
/// Of such a note, as JSON.
std::string cachePartsJson(std::string_view note);

std::string toJson(const CacheParts& parts);
CacheParts cachePartsFrom(std::string_view text);

/// A part in which two keys differ; an empty text: it has no such part.
struct CacheDifference {
  std::string part;
  std::string now;
  std::string before;
};
std::vector<CacheDifference> differences(const CacheParts& now, const CacheParts& before);
/// Of several earlier keys the index of the one with the fewest differences; -1 for none.
int nearestOf(const CacheParts& now, const std::vector<CacheParts>& earlier);
/// Why a job is not in the cache, in one sentence. `nearest`: of the nearest key, or null.
std::string whyMissed(const CacheParts& now, const CacheParts* nearest);

}  // namespace planwright
