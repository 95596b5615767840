#include "test/support/certificates.hpp"

#include "test/support/child_process.hpp"

#include <fstream>

namespace pgtrickle::test {

void make_certificate(const std::filesystem::path& directory,
                      const std::string& name, const std::string& alternative,
                      int days) {
  const auto in = [&](const std::string& file) {
    return (directory / (name + file)).string();
  };
  std::ofstream(in(".ext")) << "subjectAltName=" << alternative << '\n';
  run({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days",
       "30", "-subj", "/CN=" + name + " authority", "-keyout", in("-ca.key"),
       "-out", in("-ca.pem")});
  run({"openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj",
       "/CN=" + name, "-keyout", in(".key"), "-out", in(".csr")});
  run({"openssl", "x509", "-req", "-in", in(".csr"), "-CA", in("-ca.pem"),
       "-CAkey", in("-ca.key"), "-CAcreateserial", "-days",
       std::to_string(days), "-extfile", in(".ext"), "-out", in(".pem")});
}

} // namespace pgtrickle::test
