#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace planwright {

/// The user id of this process may have no account, as in containers that are given any id; initdb
/// asks for the name of its user and gives up. Then these variables let a program find one, in
/// files below `folder`, by libnss-wrapper. Empty where there is an account. Throws the remedy if
/// that library is not installed.
/// Source: man 1 nss_wrapper.
std::vector<std::string> borrowedAccount(const std::filesystem::path& folder);

}  // namespace planwright
