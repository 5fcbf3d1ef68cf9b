#include "artifacts/staged_blobs.h"

#include <utility>

#include "base/files.h"

namespace planwright {

Result<Digest> StagedBlobs::put(int fd, const ReadCheck& check) {
  auto staged = store_.stage(fd, limitBytes_, check);
  if (!staged) return staged.error();
  const Digest digest = staged->digest;
  keep(std::move(*staged));
  return digest;
}

void StagedBlobs::keep(StagedBlob blob) {
  const Digest digest = blob.digest;
  staged_.lock()->insert_or_assign(digest, std::move(blob));
}

Result<UniqueFd> StagedBlobs::open(const Digest& digest) {
  const auto staged = find(digest);
  return staged && staged->content ? memoryFile(*staged->content) : store_.open(digest);
}

std::optional<StagedBlob> StagedBlobs::find(const Digest& digest) {
  auto staged = staged_.lock();
  const auto found = staged->find(digest);
  return found == staged->end() ? std::nullopt : std::optional(found->second);
}

std::vector<StagedBlob> StagedBlobs::takeAll() {
  std::map<Digest, StagedBlob> all = std::exchange(*staged_.lock(), {});
  std::vector<StagedBlob> list;
  list.reserve(all.size());
  for (auto& [digest, blob] : all) list.push_back(std::move(blob));
  return list;
}

}  // namespace planwright
