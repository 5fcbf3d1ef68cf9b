#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/client.h"
#include "cli/output.h"

namespace planwright::cli {

/// Some pages of one of the API's lists. The items live as long as this does.
struct Pages {
  std::vector<JsonDocument> documents;
  std::string body;        ///< as the server sent it; of several pages one list made of all
  std::string nextCursor;  ///< there is more behind it; empty = that was all

  std::vector<const JsonValue*> items() const;
};

/// The largest page that the API gives.
constexpr int kPageSize = 200;
constexpr std::size_t kEveryItem = ~std::size_t{0};

/// GETs a list until it has `atLeast` items or all. (A filter that fits little gives short pages:
/// the server looks at so many rows for one answer.) `next` is the command to type if it is not
/// there.
Pages fetchPages(Client& client, const std::string& pathAndQuery, std::size_t atLeast,
                 const std::string& next);

/// Every job below a plan or a build ("/api/plans/5").
Pages fetchJobs(Client& client, const std::string& path, const std::string& next);

/// A kind of thing the API has lists of.
struct Listing {
  std::string plural;    ///< "inputs": the command
  std::string singular;  ///< "input"
  std::string path;      ///< "/api/pending-inputs"
  Columns columns;
};

const std::vector<Listing>& listings();
/// By its plural or singular name; asserted to exist.
const Listing& listing(std::string_view name);

/// GETs one object and prints it; `next` is the command to type if it is not there.
ExitCode showObject(Session& session, const std::string& path, const std::string& next);

}  // namespace planwright::cli
