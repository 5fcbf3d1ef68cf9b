#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "control/control_parts.h"
#include "control/simple_pages.h"

namespace planwright {

/// A text for which files may have to be read and hashed first: whoever must not wait calls `make`
/// elsewhere.
struct LateText {
  bool isAtOnce = true;
  std::function<Result<std::string>()> make;
};

/// The wheels that builds left, as a package index. The address says which count:
///
///   QUEUE       of each file name the newest plan that was built and left wheels
///   QUEUE@PLAN  that plan alone, for ever the same as long as it is not built again
///
/// So the index of a queue with several requirements files has the projects of all of them. A name
/// with @ cannot be a queue's. A plan counts by its latest build that succeeded, also while it is
/// built again. If several plans have a file of one name, the newest plan's counts.
///
/// METADATA of wheels is read when a page needs it first. What it says is remembered by the digest
/// of the wheel, which has one content for ever, as long as there is room. [any thread]
class PackageIndex {
 public:
  explicit PackageIndex(const ControlParts& parts) : parts_(parts) {}

  // NotFound: no such queue or plan, or the plan left no wheels; Gone: the plan is pruned;
  // Conflict: more wheels than an index can have, name a plan.

  Result<std::string> projects(const std::string& address, IndexForm form);
  /// NotFound also if there is no wheel of the (normalised) project.
  Result<LateText> project(const std::string& address, const std::string& project, IndexForm form);
  /// The index lists a wheel with that digest now.
  bool lists(const std::string& address, const std::string& digest);
  /// The METADATA of the wheel with that digest and file name. NotFound: it has none that can be
  /// read; otherwise as Contents of blobs.
  LateText metadata(const std::string& digest, const std::string& file) const;

 private:
  using Wheels = std::shared_ptr<const WheelSet>;
  struct Sets {
    std::map<std::string, Wheels> byBuilds;
    std::size_t wheels = 0;  ///< in all of them
  };

  Result<Wheels> wheels(const std::string& address);
  /// The builds that count, as a Postgres array, those of the newest plans first.
  Result<std::string> builds(Connection& connection, const std::string& address) const;
  Result<std::string> buildOfPlan(Connection& connection, const std::string& queue,
                                  std::string_view plan) const;
  bool isKnown(const IndexedWheel& wheel);
  WheelFacts factsOf(const IndexedWheel& wheel);

  const ControlParts& parts_;
  Guarded<Sets> sets_;
  Guarded<std::map<std::string, WheelFacts>> facts_;  ///< by digest
};

}  // namespace planwright
