#include "store/blobs.h"

#include "base/files.h"
#include "base/hex.h"
#include "store/pg_array.h"

namespace planwright {

Result<StagedBlob> Blobs::stage(int fd, std::int64_t limitBytes, const ReadCheck& check) {
  return large_.stage(fd, limitBytes, check);
}

StagedBlob Blobs::stageBytes(std::string_view bytes) {
  if (bytes.size() > static_cast<std::size_t>(kSmallBlobBytes)) return large_.stageBytes(bytes);
  return {Digest::of(bytes), static_cast<std::int64_t>(bytes.size()), std::string(bytes)};
}

Result<UniqueFd> Blobs::open(const Digest& digest) {
  const Rows rows = database_.lease()->run("find_blob", {digest.text()});
  if (rows.empty()) return notFound("There is no blob " + digest.text() + ".");
  if (const auto content = rows.bytes(0, "content")) return memoryFile(*content);
  return large_.open(digest);
}

void Blobs::record(Connection& connection, const std::vector<StagedBlob>& blobs) {
  if (blobs.empty()) return;
  PgArray digests, sizes, contents;
  for (const auto& blob : blobs) {
    digests.add(blob.digest.text());
    sizes.add(blob.sizeBytes);
    contents.add(blob.content ? std::optional(toHex(*blob.content)) : std::nullopt);
  }
  connection.run("record_blobs", {digests.take(), sizes.take(), contents.take()});
}

}  // namespace planwright
