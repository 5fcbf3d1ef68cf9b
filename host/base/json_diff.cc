#include "base/json_diff.h"

#include <set>

namespace planwright {
namespace {

/// One comparison. A local.
class Comparison {
 public:
  explicit Comparison(JsonLists lists) : lists_(lists) {}

  void compare(const JsonValue* from, const JsonValue* to) {
    if (from && to && from->IsObject() && to->IsObject()) return compareMembers(*from, *to);
    const bool areLists = lists_ == JsonLists::ByItem && from && to && from->IsArray() &&
                          to->IsArray() && from->Size() == to->Size();
    if (areLists) {
      for (rapidjson::SizeType i = 0; i < from->Size(); ++i)
        below(std::to_string(i), &(*from)[i], &(*to)[i]);
    } else if (!from || !to || toJson(*from) != toJson(*to)) {
      found_.push_back({path_, from, to});
    }
  }

  std::vector<JsonDifference> take() { return std::move(found_); }

 private:
  void compareMembers(const JsonValue& from, const JsonValue& to) {
    std::set<std::string> names;
    for (const JsonValue* side : {&from, &to})
      for (const auto& member : side->GetObject())
        names.emplace(member.name.GetString(), member.name.GetStringLength());
    for (const auto& name : names) below(name, find(from, name), find(to, name));
  }

  void below(const std::string& part, const JsonValue* from, const JsonValue* to) {
    path_.push_back(part);
    compare(from, to);
    path_.pop_back();
  }

  const JsonLists lists_;
  std::vector<std::string> path_;
  std::vector<JsonDifference> found_;
};

}  // namespace

std::vector<JsonDifference> jsonDifferences(const JsonValue& from, const JsonValue& to,
                                            JsonLists lists) {
  Comparison comparison(lists);
  comparison.compare(&from, &to);
  return comparison.take();
}

}  // namespace planwright
