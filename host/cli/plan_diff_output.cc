#include "cli/plan_diff_output.h"

#include <string>

#include "cli/terminal.h"

namespace planwright::cli {
namespace {

std::string sideOf(const JsonValue& field, const char* side) {
  const JsonValue* value = find(field, side);
  return !value || value->IsNull() ? "none" : toJson(*value);
}

/// A line for each field that differs.
void printFields(std::ostream& out, const JsonValue& fields, const char* indent) {
  for (const auto& field : fields.GetArray())
    out << indent << "    " << printable(textOr(field, "pointer")) << "  "
        << printable(sideOf(field, "from")) << " -> " << printable(sideOf(field, "to")) << '\n';
}

}  // namespace

void printDiff(std::ostream& out, const JsonValue& diff, const char* indent, bool withDocument) {
  for (const auto& job : find(diff, "removed")->GetArray())
    out << indent << "- " << printable(job.GetString()) << '\n';
  for (const auto& job : find(diff, "added")->GetArray())
    out << indent << "+ " << printable(job.GetString()) << '\n';
  for (const auto& change : find(diff, "changed")->GetArray()) {
    out << indent << "~ " << printable(textOr(change, "job")) << '\n';
    printFields(out, *find(change, "fields"), indent);
  }
  if (const JsonValue& document = *find(diff, "document"); withDocument && !document.Empty()) {
    out << indent << "besides the jobs\n";
    printFields(out, document, indent);
  }
}

}  // namespace planwright::cli
