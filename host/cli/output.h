#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "cli/session.h"

namespace planwright::cli {

/// One column of a table.
struct Column {
  std::string title;
  std::function<std::string(const JsonValue& item)> text;
  bool isWide = false;    ///< only with -o wide
  bool isStatus = false;  ///< the text is a status word and may be coloured
};
using Columns = std::vector<Column>;

/// The value at a dotted path ("summary.jobs") as one line of text; "-" if absent or null.
std::string valueAt(const JsonValue& item, std::string_view path);
/// A column with the value at `path`.
Column column(std::string title, std::string path, bool isWide = false);

/// Prints items as table, jsonl or name; `body` is what the server sent, printed unchanged for
/// json.
void printItems(const Session& session, const Columns& columns,
                const std::vector<const JsonValue*>& items, const std::string& body);

/// Prints one object: its members one per line, or as json, jsonl, name.
void printObject(const Session& session, const std::string& body);

/// The API's comparison of two plans, for people: "- a", "+ b", "~ c" and the fields that differ;
/// `indent` stands before each line. What no build depends on only `withDocument`.
void printDiff(std::ostream& out, const JsonValue& diff, const char* indent, bool withDocument);

}  // namespace planwright::cli
