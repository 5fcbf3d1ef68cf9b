#pragma once

#include <string>
#include <vector>

namespace wheels {

/// One project that the resolver chose.
struct Project {
  std::string name;  ///< normalised (PEP 503): "ruamel-yaml"
  std::string version;
  std::string url;     ///< where its archive is; file:, http(s): or a repository
  std::string sha256;  ///< 64 hex digits, or empty if the index gave none
  std::string vcs;     ///< "git", ...: url is a repository at `commit`
  std::string commit;
  std::string subdirectory;
  bool isFolder = false;  ///< a source folder, not an archive
  std::vector<std::string>
      requirements;  ///< its Requires-Dist, as its metadata writes them; sorted
};

struct Report {
  std::vector<Project> projects;  ///< sorted by name
  std::string pipVersion;
  std::string pythonVersion;  ///< "3.11.2"
  std::string platform;       ///< "cpython linux x86_64"
};

/// Parses pip's installation report (version 1,
/// pip.pypa.io/en/stable/reference/installation-report).
Report parseReport(const std::string& json);

/// The absolute path of a file: URL, or empty if it is none.
std::string pathOfFileUrl(const std::string& url);
/// The last part of a URL's path, decoded: an archive's file name.
std::string fileNameOfUrl(const std::string& url);
/// Whether that archive is a wheel already.
bool isWheel(const std::string& file);

}  // namespace wheels
