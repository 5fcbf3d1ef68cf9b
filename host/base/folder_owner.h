#pragma once

#include <filesystem>

#include <sys/types.h>

namespace planwright {

/// Gives the folder and all in it to the user; what is the user's already is not touched, so that
/// its times stay. What has a second name elsewhere stays: a program that ran here before may have
/// linked it in. The folder itself comes last, so that the user cannot move what is in it while it
/// is gone through. Until then it must be closed to others, and below folders that are ours.
void giveFolder(const std::filesystem::path& folder, uid_t user, gid_t group);

/// Takes back the folder alone and closes it (0700): nobody else gets to what is in it, not even
/// who gets that user's number next.
void takeFolderBack(const std::filesystem::path& folder);

/// Who had it before it was taken back; 0 = nobody.
uid_t lastUserOf(const std::filesystem::path& folder);

/// Who owns it; our own user if it is not there.
uid_t ownerOf(const std::filesystem::path& folder);

/// A folder that belongs to a user for this scope, if that is another one than ours.
class LentFolder {
 public:
  LentFolder(std::filesystem::path folder, uid_t user);
  ~LentFolder();
  LentFolder(const LentFolder&) = delete;
  LentFolder& operator=(const LentFolder&) = delete;

 private:
  const std::filesystem::path folder_;  ///< empty: none is lent
};

}  // namespace planwright
