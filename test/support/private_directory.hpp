#pragma once

#include <cstdint>
#include <filesystem>

namespace pgtrickle::test {

/// A directory under /tmp that the started programs own, gone with the object.
/// Construction also removes what test processes that died left behind.
class private_directory {
public:
  private_directory();
  private_directory(const private_directory&) = delete;
  private_directory& operator=(const private_directory&) = delete;
  ~private_directory();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

/// A TCP port of 127.0.0.1 that nobody listens on.
[[nodiscard]] std::uint16_t free_port();

} // namespace pgtrickle::test
