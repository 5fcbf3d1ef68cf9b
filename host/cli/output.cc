#include "cli/output.h"

#include <algorithm>
#include <string>

#include "cli/terminal.h"

namespace planwright::cli {
namespace {

std::size_t widthOf(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string textOf(const JsonValue& value) {
  if (value.IsNull()) return "-";
  if (value.IsString()) return printable({value.GetString(), value.GetStringLength()});
  if (!value.IsArray()) return printable(toJson(value));
  std::string text;
  for (const auto& item : value.GetArray()) text += (text.empty() ? "" : ", ") + textOf(item);
  return text.empty() ? "-" : text;
}

/// What names an item: its id, or its name if it has none.
std::string nameOf(const JsonValue& item) {
  const std::string id = valueAt(item, "id");
  return id == "-" ? valueAt(item, "name") : id;
}

std::string titleOf(std::string path) {
  for (char& c : path)
    c = c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return path;
}

Columns chosenColumns(const Session& session, const Columns& columns) {
  Columns chosen;
  if (!session.columns.empty()) {
    for (const auto& path : session.columns) {
      chosen.push_back(column(titleOf(path), path));
      chosen.back().isStatus = path == "status";
    }
    return chosen;
  }
  std::copy_if(columns.begin(), columns.end(), std::back_inserter(chosen),
               [&](const Column& c) { return !c.isWide || session.output == "wide"; });
  return chosen;
}

void printTable(const Session& session, const Columns& columns,
                const std::vector<const JsonValue*>& items) {
  std::vector<std::vector<std::string>> rows;
  if (!session.noHeaders) {
    rows.emplace_back();
    for (const auto& c : columns) rows.back().push_back(c.title);
  }
  for (const JsonValue* item : items) {
    rows.emplace_back();
    for (const auto& c : columns) rows.back().push_back(c.text(*item));
  }
  std::vector<std::size_t> widths(columns.size());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], widthOf(row[i]));
  const std::size_t firstItem = session.noHeaders ? 0 : 1;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::string& text = rows[r][i];
      const bool isStatus = columns[i].isStatus && r >= firstItem;
      line += isStatus ? session.terminal.status(text) : text;
      if (i + 1 < columns.size()) line += std::string(widths[i] - widthOf(text) + 2, ' ');
    }
    session.terminal.out << line << '\n';
  }
}

void printMembers(std::ostream& out, const JsonValue& object, const std::string& prefix) {
  for (const auto& member : object.GetObject()) {
    const std::string name = prefix + member.name.GetString();
    if (member.value.IsObject() && member.value.MemberCount() > 0)
      printMembers(out, member.value, name + ".");
    else
      out << name << std::string(name.size() < 22 ? 22 - name.size() : 1, ' ')
          << textOf(member.value) << '\n';
  }
}

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

std::string valueAt(const JsonValue& item, std::string_view path) {
  const JsonValue* value = &item;
  while (value) {
    const auto dot = path.find('.');
    value = value->IsObject() ? find(*value, path.substr(0, dot)) : nullptr;
    if (dot == std::string_view::npos) break;
    path.remove_prefix(dot + 1);
  }
  return value ? textOf(*value) : "-";
}

Column column(std::string title, std::string path, bool isWide) {
  return {std::move(title),
          [path = std::move(path)](const JsonValue& item) { return valueAt(item, path); }, isWide,
          false};
}

void printItems(const Session& session, const Columns& columns,
                const std::vector<const JsonValue*>& items, const std::string& body) {
  std::ostream& out = session.terminal.out;
  if (session.output == "json") {
    out << body << (body.empty() || body.back() != '\n' ? "\n" : "");
  } else if (session.output == "jsonl") {
    for (const JsonValue* item : items) out << toJson(*item) << '\n';
  } else if (session.output == "name") {
    for (const JsonValue* item : items) out << nameOf(*item) << '\n';
  } else {
    printTable(session, chosenColumns(session, columns), items);
  }
}

void printObject(const Session& session, const std::string& body) {
  std::ostream& out = session.terminal.out;
  const auto document = parseJson(body);
  if (session.output == "json" || !document || !document->IsObject()) {
    out << body << (body.empty() || body.back() != '\n' ? "\n" : "");
  } else if (session.output == "jsonl") {
    out << toJson(*document) << '\n';
  } else if (session.output == "name") {
    out << nameOf(*document) << '\n';
  } else if (!session.columns.empty()) {
    printTable(session, chosenColumns(session, {}), {&*document});
  } else {
    printMembers(out, *document, "");
  }
}

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
