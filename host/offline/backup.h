#pragma once

#include <filesystem>
#include <iosfwd>

#include "config/config.h"

namespace planwright {

/// Everything a host keeps, in one folder:
///   backup.json   what and when; written last, so a folder without it is no backup
///   rows.dump     the database, by pg_dump in its custom format
///   blobs/ab/…    the large blobs that rows of the dump name, checked against their digests
///   logs/         one file per attempt
///   config.yaml   the configuration, if there is a file
///   signing.key, plugins/, plugins.lock: see KeptFiles. So the folder is as secret as the host's.
/// Made beside a running host: rows and the list of blobs are of one moment, and nothing is deleted
/// meanwhile. Redis holds nothing that is worth keeping. `folder` must be empty or not there.
/// Blobs that are lost are left out and named; the exit code tells of them. Gives the exit code;
/// throws what Installation throws.
int backup(const Config& config, const std::filesystem::path& folder, std::ostream& out,
           std::ostream& err);

/// Puts a backup into an empty database and an empty blob folder, those of `config`. All digests
/// are checked before anything is written. Until it is done no host starts on them (RestoreMark);
/// one that was interrupted is run again. The host of before must not come back to them: what it
/// held is given to whoever starts next, and cursors of events start over.
int restore(const Config& config, const std::filesystem::path& folder, std::ostream& out,
            std::ostream& err);

}  // namespace planwright
