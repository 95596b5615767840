#pragma once

#include <filesystem>
#include <string>

namespace pgtrickle::test {

/// Has the program `openssl` make in `directory` an authority, <name>-ca.pem,
/// and <name>.pem with <name>.key that it vouches for. `alternative` is what
/// the certificate is for, as "IP:127.0.0.1"; `days` how long it is valid from
/// now on: -1, and it has expired.
void make_certificate(const std::filesystem::path& directory,
                      const std::string& name, const std::string& alternative,
                      int days = 30);

} // namespace pgtrickle::test
